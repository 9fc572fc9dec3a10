"""Decides who may work on a sweep: a launch's lease and heartbeat, a worker's claim of a pack, and requests to stop."""
