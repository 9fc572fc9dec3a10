"""The published OG-MARL files: fetched, checked, imported."""
