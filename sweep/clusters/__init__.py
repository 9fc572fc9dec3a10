"""The machines of a launch: what a cluster file gives, the jobs it starts, and what is up."""
