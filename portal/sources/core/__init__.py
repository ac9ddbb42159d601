"""Reading files: YAML documents, what is a descriptor, placeholders, Locations."""
