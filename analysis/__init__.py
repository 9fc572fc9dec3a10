"""From results to statistics, tables and figures. Read-only."""
