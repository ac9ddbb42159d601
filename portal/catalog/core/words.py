"""The words an entity is found by, folded alike when it is stored and when someone asks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MOST_WORDS = 400
LONGEST = 40
PLURAL_FROM = 5
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
WORD = re.compile(r"[^\W_]+")
LEFT_OUT = frozenset(("definition", "annotations", "name", "title", "namespace"))


@dataclass(frozen=True, slots=True)
class Words:
    """Words by how much they count; each set holds the one before it.

    `name`: of the name; `strong`: also of what it is and whose; `weak`: of everything.
    """

    name: tuple[str, ...]
    strong: tuple[str, ...]
    weak: tuple[str, ...]


def fold_text(text: str) -> str:
    """Return text in lower case without accents."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).lower()


def squash(text: str) -> str:
    """Return folded text without anything between its letters and digits."""
    return "".join(WORD.findall(fold_text(text)))


def split_words(text: str) -> list[str]:
    """Return the folded words of a text; `OrderService` is two words and one."""
    found: list[str] = []
    for word in WORD.findall(text):
        parts = CAMEL.split(word)
        found += [word] if len(parts) == 1 else [word, *parts]
    # Folding may split a word again: a fraction becomes two numbers and a stroke.
    return [word[:LONGEST] for part in found for word in WORD.findall(fold_text(part))]


def split_query(text: str) -> list[str]:
    """Return the word beginnings a question asks for; a plural asks for its singular too."""
    words = dict.fromkeys(word[:LONGEST] for word in WORD.findall(fold_text(text)))
    return [
        word[:-1] if len(word) >= PLURAL_FROM and word.endswith("s") and word[-2] != "s" else word
        for word in words
        if word
    ]


def gather_words(entity: Mapping[str, Any], entity_class: str | None) -> Words:
    """Return the words of a checked entity."""
    metadata, spec = entity["metadata"], entity.get("spec") or {}
    strong = [entity["kind"], (entity_class or "").replace("_", " "), *(metadata.get("tags") or ())]
    said = (spec.get(name) for name in ("type", "owner", "system", "domain", "lifecycle"))
    strong.extend(_bare(word) for word in said if isinstance(word, str))
    name = f"{metadata['name']} {metadata.get('title') or ''}"
    rest = " ".join(_texts({"metadata": metadata, "spec": spec}))
    named = split_words(name)
    telling = [*named, *split_words(" ".join(strong))]
    return Words(_unique(named), _unique(telling), _unique([*telling, *split_words(rest)]))


def _unique(words: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))[:MOST_WORDS]


def _bare(ref: str) -> str:
    return ref.rpartition(":")[2]


def _texts(value: Any) -> Iterator[str]:
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            yield item[:2000]
        elif isinstance(item, Mapping):
            pending.extend(part for name, part in item.items() if name not in LEFT_OUT)
        elif isinstance(item, list):
            pending.extend(item)
