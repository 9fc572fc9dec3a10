"""The machines of a launch: what a cluster file describes, the jobs it starts, and which clusters are up."""
