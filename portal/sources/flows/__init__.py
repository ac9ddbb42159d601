"""Steps that need files: reading a source, checking it, ingesting it."""
