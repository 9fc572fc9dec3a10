"""One module for each figure, a registry of them, and what they share."""
