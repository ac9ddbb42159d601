"""What exists: entities, relations, aliases and what is wrong with them."""
