"""A sweep's results as tables: runs, scores, curves, coverage, provenance."""
