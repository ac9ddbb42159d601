"""What the catalog's services ask for."""

WRITE = "catalog:entity:write"
LINKS = "catalog:link:write"
PEOPLE_CHANGED = "catalog.people_changed"
FIELDS = "catalog:field:write"
