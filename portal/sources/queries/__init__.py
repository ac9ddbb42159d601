"""Reads of sources: what is declared, runs, files, and why something is (not) in the catalog."""
