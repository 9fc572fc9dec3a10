"""What to run: axes, grid files, exclusion rules, expansion and point ids. Pure Python."""
