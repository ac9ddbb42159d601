"""Reads the READMEs beside descriptors, after the descriptors themselves."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from portal.catalog.core.storable import make_storable
from portal.catalog.core.yaml_text.documents import NotText, decode
from portal.errors import PortalError
from portal.sources.core.readmes import MOST_CHARACTERS, NAMES, Readme

if TYPE_CHECKING:
    from portal.sources.providers.folder import Folder


def read_readme(folder: Folder, place: str) -> Readme | None:
    """Return the README of the folder `place` of a source; None where there is none to read."""
    for name in NAMES:
        path = f"{place}/{name}" if place else name
        try:
            if not folder.has(path):
                continue
            raw = folder.read(path)
            text = make_storable(decode(raw))
        except (PortalError, NotText):
            return None  # a README is a courtesy: what is wrong with it stops nothing
        digest = hashlib.blake2b(raw, digest_size=16).hexdigest()
        return Readme(place, path, digest, text[:MOST_CHARACTERS])
    return None
