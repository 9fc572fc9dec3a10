"""How per-agent values become a total: one file for each member of the axis, and their registry."""
