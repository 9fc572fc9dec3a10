"""One process and one pack: claim, train, checkpoint, publish, or record why not."""
