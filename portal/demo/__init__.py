"""The demo company and a generator of larger ones."""
