"""How long it takes and what it costs: measured paces, estimates, and how well they did."""
