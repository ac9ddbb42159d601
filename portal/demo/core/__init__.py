"""Making up a company of any size: pure, and the same for the same numbers."""

from portal.demo.core.generator import generate

__all__ = ["generate"]
