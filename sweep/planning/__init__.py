"""What will be trained: wanted minus done, in packs, with a reason for each run; of a search, its next round."""
