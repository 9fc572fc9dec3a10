"""Datasets that this project makes itself."""
