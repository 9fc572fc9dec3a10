"""The newest schema version of results files that this version knows.

It is not in `schema.py`, because that module needs pyarrow.
"""

SCHEMA_VERSION = 3
