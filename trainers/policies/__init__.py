"""What the actor's outputs mean as actions: one file for each kind of policy, and their registry."""
