"""Measurements of what a gradient step costs: `python -m benchmarks --help`."""
