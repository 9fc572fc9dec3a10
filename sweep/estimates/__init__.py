"""Time and cost of a sweep: measured paces, estimates, and how good these were."""
