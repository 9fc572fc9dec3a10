"""Value learners, which compute the critic's target: one file for each member of the axis, and their registry."""
