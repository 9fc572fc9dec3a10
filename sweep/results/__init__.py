"""What a sweep has found out: rows and weights, published once, read in one place."""
