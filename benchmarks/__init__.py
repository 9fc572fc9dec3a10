"""What a gradient step costs, measured: `python -m benchmarks --help`."""
