"""What a sweep has found out: rows and weights. They are published once and read in one place."""
