"""What words mean: classes, stages, tiers; unknown is never the lowest."""

from __future__ import annotations

import pytest

from portal.catalog.core.aliases import list_aliases
from portal.catalog.core.meaning import find_class, find_stage, find_tier


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("service", "service"),
        ("Micro-Service", "service"),
        ("cron job", "job"),
        ("React thing", "other"),
        ("website", "website"),
        ("Library", "library"),
        (None, "other"),
    ],
)
def test_class(word, found):
    assert find_class(word, "component", {}) == found


def test_own_words_win():
    assert find_class("lambda", "component", {"Lambda": "job"}) == "job"
    assert find_class("service", "api", {}) is None


@pytest.mark.parametrize(
    ("word", "found"),
    [("production", "production"), ("GA", "production"), ("5 weeks", None), (None, None)],
)
def test_stage(word, found):
    assert find_stage(word, {}) == found


@pytest.mark.parametrize(
    ("metadata", "spec", "found"),
    [
        ({}, {}, None),
        ({}, {"tier": 1}, 1),
        ({}, {"tier": "tier-0"}, 0),
        ({"annotations": {"plumbline.dev/tier": "3"}}, {"tier": 1}, 3),
        ({}, {"tier": "whatever"}, None),
        ({}, {"tier": True}, None),
    ],
)
def test_tier_is_not_set_unless_said(metadata, spec, found):
    assert find_tier({"metadata": metadata, "spec": spec}, {}) == found


def test_aliases_come_from_what_people_paste():
    entity = {
        "metadata": {
            "annotations": {
                "github.com/project-slug": "Acme/Pay",
                "pagerduty.com/integration-key": "secret",
            },
            "links": [{"url": "https://pay.example.com/"}, {"url": "javascript:alert(1)"}],
        },
        "spec": {"profile": {"email": "Pay@example.com"}},
    }
    found = {(alias.system, alias.value) for alias in list_aliases(entity)}
    assert {
        ("github", "acme/pay"),
        ("hostname", "pay.example.com"),
        ("email", "pay@example.com"),
    } <= found
    assert not any("secret" in value or "javascript" in value for _, value in found)
