"""A launch from beginning to end: the supervisor, Ray, and the order of the packs."""
