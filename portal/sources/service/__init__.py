"""Writes of sources: what is declared, runs and their files, removals, webhook deliveries."""
