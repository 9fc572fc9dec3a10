"""Plays an episode of a finished run again, draws it, and compares its return with another simulator's."""
