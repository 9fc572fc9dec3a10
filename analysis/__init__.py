"""From results to statistics, tables and figures. Reads a sweep; changes nothing in it but its disposable index."""
