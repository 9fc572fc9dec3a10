"""How a pack learns: networks, losses, data, environments, evaluation, checkpoints."""
