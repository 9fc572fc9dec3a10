"""Carries a pack's files between its sweep and the worker that trains it, on whatever machine that is."""
