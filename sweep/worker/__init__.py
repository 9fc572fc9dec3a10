"""One process that trains one pack: claim, train, checkpoint, publish, or record a failure."""
