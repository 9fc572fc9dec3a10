"""Policies, which turn the actor's outputs into actions: one file for each kind of policy, and their registry."""
