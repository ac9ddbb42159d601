"""Documents as YAML that can be compared by lines."""

from __future__ import annotations

from typing import Any

import yaml


class BlockDumper(yaml.SafeDumper):
    """Writes texts of several lines as such, so that one changed line is one line."""


def _write_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style="|" if "\n" in text else None
    )


BlockDumper.add_representer(str, _write_text)


def write_blocks(document: Any) -> str:
    """Return a document as YAML, keys in the order they were read; nothing for none."""
    if document is None:
        return ""
    return yaml.dump(document, Dumper=BlockDumper, sort_keys=False, allow_unicode=True, width=100)
