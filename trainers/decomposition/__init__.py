"""Decompositions: how per-agent values become a total. One file for each member of the axis, and their registry."""
