"""The control plane: command line, plan, packs, Ray Tune, results, MLflow, status."""
