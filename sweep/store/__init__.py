"""A second copy of a sweep, in a bucket or a folder: what goes there, what comes back, and who may write."""
