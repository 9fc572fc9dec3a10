"""What will be trained: wanted minus done, in packs, with a reason for each run; and the rounds of a search."""
