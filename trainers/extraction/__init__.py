"""How a policy is drawn from the values: one file for each member of the axis, and their registry."""
