"""MLflow as a projection of the results. Nothing is read from it."""
