"""The published OG-MARL files: fetching, checking and importing them."""
