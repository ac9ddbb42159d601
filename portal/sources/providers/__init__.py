"""Adapters to where descriptors lie."""
