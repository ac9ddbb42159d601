"""Background work as people see it: what runs, what waits, what failed."""
