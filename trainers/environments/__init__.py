"""Batched environments in which policies are evaluated."""
