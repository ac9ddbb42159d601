"""The column type of canonical references.

Everything refers to entities by reference, so a relation may point at something that does not
exist (yet).
"""

from __future__ import annotations

from sqlalchemy import String

REF = String(600)
