"""Coloured text is the same text, whatever it holds."""

from __future__ import annotations

import html
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.web.highlight import highlight

SCHEMA = '''"""
What a buyer sees, "all" of it.
"""
type Query implements Node {
  search(text: String!, first: Int = 24): [Listing!]! @deprecated(reason: "slow")
  type: Int # <b>
}
'''
PIECES = st.sampled_from(['"', '"""', "\\", "\n", "type", " ", "#", "@a", "-1.5e3", "{", "é", "<"])


def test_schema_of_graphql_is_coloured():
    found = str(highlight(SCHEMA, "graphql"))
    assert '<span class="hl-k">type</span> <span class="hl-nc">Query</span>' in found
    assert '<span class="hl-n">type</span>' in found
    assert '<span class="hl-nd">@deprecated</span>' in found
    assert '<span class="hl-m">24</span>' in found
    assert "hl-err" not in found


@given(st.lists(PIECES).map("".join))
def test_colouring_changes_no_letter(text):
    shown = re.sub(r"</?span[^>]*>", "", highlight(text, "graphql"))
    assert html.unescape(shown).rstrip("\n") == text.rstrip("\n")


@pytest.mark.parametrize("piece", ['"\\', '"""\\', '"\n', "type ", "1."])
def test_colouring_stays_quick(piece):
    began = time.perf_counter()
    highlight(piece * (200_000 // len(piece)), "graphql")
    assert time.perf_counter() - began < 5
