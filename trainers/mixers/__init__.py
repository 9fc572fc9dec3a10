"""Networks that mix the agents' values into the team's: one file for each member, and their registry."""
