"""Everything that knows SQL: the tables, the writer that commits in groups, the stores, the readers."""
