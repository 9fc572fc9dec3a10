"""How a sweep is doing: counts, causes, what is stuck, logs, the history of a run, what must not be."""
