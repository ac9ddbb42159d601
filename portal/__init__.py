"""Plumbline, an internal developer portal."""
