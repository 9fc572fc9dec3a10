"""A launch from beginning to end: supervision, Ray, and the order of its packs."""
