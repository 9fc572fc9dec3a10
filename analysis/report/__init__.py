"""The page, the tables and the texts around the figures."""
