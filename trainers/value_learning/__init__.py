"""Where the critic's target comes from: one file for each member of the axis, and their registry."""
