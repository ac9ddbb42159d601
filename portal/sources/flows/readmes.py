"""Reads the READMEs beside descriptors, after the descriptors themselves."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from portal.catalog.core.storable import make_storable
from portal.catalog.core.yaml_text.documents import NotText, decode
from portal.errors import PortalError
from portal.sources.core.readmes import MOST_CHARACTERS, NAMES, Readme, UnreadableReadme

if TYPE_CHECKING:
    from portal.sources.core.trees import Tree


def read_readme(folder: Tree, place: str) -> Readme | UnreadableReadme | None:
    """Return the README of the folder `place` of a source; None where there is none.

    What is wrong with it stops nothing.
    """
    for name in NAMES:
        path = f"{place}/{name}" if place else name
        try:
            if not folder.has(path):
                continue
            raw = folder.read(path)
            text = make_storable(decode(raw))
        except PortalError as error:
            return UnreadableReadme(place, path, error.detail, error.fix)
        except NotText as error:
            reason = f"{error}."
            return UnreadableReadme(place, path, reason, "Save it as text in UTF-8.")
        digest = hashlib.blake2b(raw, digest_size=16).hexdigest()
        return Readme(place, path, digest, text[:MOST_CHARACTERS])
    return None
