"""MLflow, as a copy of the results. Nothing is read from it."""
