"""Every file of a sweep: where it is, what is in it, and how it is written so that nobody reads half of it."""
