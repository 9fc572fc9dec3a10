"""Datasets: on disk, downloaded, and made by this project."""
