"""The state of a sweep: counts, causes of failures, stuck packs, logs, the history of a run, and faults."""
