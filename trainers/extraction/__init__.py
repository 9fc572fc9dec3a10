"""Policy extraction from values: one file for each member of the axis, and their registry."""
