"""The newest schema of results files that this version knows, apart from the schema because that needs pyarrow."""

SCHEMA_VERSION = 1
