"""Networks that mix the agents' values into the team's value: one file for each member, and their registry."""
