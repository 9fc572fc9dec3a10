"""The machines a sweep runs on, all through Ray."""
