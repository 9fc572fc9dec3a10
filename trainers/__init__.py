"""Training of a pack: networks, losses, data, environments, evaluation, checkpoints."""
