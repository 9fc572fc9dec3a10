"""Who may work on a sweep: the lease of a launch, its heartbeat, a worker's claim of a pack, and how to stop."""
