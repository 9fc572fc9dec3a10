"""Tests on several machines that share nothing: the laboratory that makes them of this one, and what is tested in it."""
