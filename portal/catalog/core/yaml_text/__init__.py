"""Reads YAML and JSON text that nobody vouches for: safe, bounded, with the line of every path."""
