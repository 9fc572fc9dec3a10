"""Networks on the CPU as one compiled function each, which takes one lane at a time."""
