"""Batched environments to evaluate policies in."""
