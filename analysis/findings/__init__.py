"""What follows from the scores: best configurations, claims, a recommendation, two sweeps compared."""
