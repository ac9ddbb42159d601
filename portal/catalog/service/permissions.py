"""What the catalog's services ask for."""

WRITE = "catalog:entity:write"
LINKS = "catalog:link:write"
FIELDS = "catalog:field:write"
