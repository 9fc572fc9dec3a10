"""The machines that a sweep runs on, all through Ray."""
