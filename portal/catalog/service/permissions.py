"""What the catalog's services ask for."""

WRITE = "catalog:entity:write"
