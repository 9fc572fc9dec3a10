"""The files of a sweep: where each is, what is in it, and how it is written so that no reader sees half of it."""
