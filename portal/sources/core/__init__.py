"""Reading files: what is a descriptor, placeholders, Locations."""
