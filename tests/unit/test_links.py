"""Links made from templates: what may stand in one, what comes of it, and who may say so."""

from __future__ import annotations

import pytest

from portal.auth.core import CLI
from portal.auth.core.decisions import make_actor
from portal.catalog.core.link_templates import LinkTemplate, MadeLink, check_template, make_links
from portal.catalog.queries.links import list_templates
from portal.catalog.service.links import add_template, change_template, remove_template
from portal.errors import Conflict, Forbidden, InvalidInput

SHOP = {
    "apiVersion": "backstage.io/v1alpha1",
    "kind": "Component",
    "metadata": {
        "name": "shop",
        "annotations": {"example.com/log-stream": "shop logs/1"},
        "labels": {"team": "crew"},
    },
    "spec": {"type": "service", "owner": "group:default/crew", "system": "sales"},
}
LOGS = LinkTemplate("Logs", "https://logs.example.com/?q={name}")


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (LOGS, ["https://logs.example.com/?q=shop"]),
        (
            LinkTemplate("A", "https://x.example/{kind}/{namespace}/{type}/{owner}/{system}"),
            ["https://x.example/component/default/service/crew/sales"],
        ),
        (
            LinkTemplate("A", "https://x.example/{annotation:example.com/log-stream}"),
            ["https://x.example/shop%20logs%2F1"],
        ),
        (LinkTemplate("A", "https://x.example/{label:team}"), ["https://x.example/crew"]),
        # Where the entity says nothing there is no link, rather than a broken one.
        (LinkTemplate("A", "https://x.example/{label:other}"), []),
        (LinkTemplate("A", "https://x.example/{name}", ("library",)), []),
        (
            LinkTemplate("A", "https://x.example/{name}/{environment}", ("service",), ("eu", "us")),
            ["https://x.example/shop/eu", "https://x.example/shop/us"],
        ),
    ],
)
def test_what_a_template_makes(template, expected):
    check_template(template)
    made = make_links([template], SHOP, entity_class="service")
    assert [link.url for link in made] == expected
    assert [link.environment for link in made] == list(template.environments or ("",))[: len(made)]


def test_a_kind_without_class_is_chosen_by_its_name():
    api = {**SHOP, "kind": "API"}
    template = LinkTemplate("A", "https://x.example/{name}", ("api",))
    made = make_links([template], api, entity_class=None)
    assert made == [MadeLink("A", "https://x.example/shop")]


@pytest.mark.parametrize(
    ("template", "field", "rule"),
    [
        (LinkTemplate("", LOGS.url), "title", "length"),
        (LinkTemplate("A", "https://x.example/{nme}"), "url", "placeholder"),
        (LinkTemplate("A", "https://x.example/{annotation:}"), "url", "placeholder"),
        (LinkTemplate("A", "https://x.example/{name"), "url", "braces"),
        (LinkTemplate("A", "javascript:alert({name})"), "url", "scheme"),
        (LinkTemplate("A", "{name}"), "url", "scheme"),
        (LinkTemplate("A", "https://{name}.example/"), "url", "host"),
        (LinkTemplate("A", "https:///{name}"), "url", "host"),
        (LinkTemplate("A", f"https://x.example/{'x' * 2000}"), "url", "length"),
        (LinkTemplate("A", LOGS.url, ("servce",)), "applies_to", "known"),
        (LinkTemplate("A", "https://x.example/{environment}"), "environments", "required"),
        (LinkTemplate("A", LOGS.url, (), ("prod",)), "environments", "unused"),
        (
            LinkTemplate("A", "https://x.example/{environment}", (), ("x" * 64,)),
            "environments",
            "length",
        ),
    ],
)
def test_what_a_template_may_not_be(template, field, rule):
    with pytest.raises(InvalidInput) as caught:
        check_template(template)
    assert (field, rule) in [(p.field, p.rule) for p in caught.value.problems]
    assert all(problem.fix for problem in caught.value.problems)


def test_templates_are_kept_changed_and_removed_by_admins(database, now):
    member = make_actor("p1", "member", account_id=1, label="Pat", teams={}, why_role="test")
    with database.unit(write=True) as session:
        row = add_template(session, CLI, LOGS, now=now)
        with pytest.raises(InvalidInput, match="already"):
            add_template(session, CLI, LOGS, now=now)
        for act in (
            lambda: add_template(session, member, LOGS, now=now),
            lambda: change_template(session, member, row.id, template=LOGS, revision=1, now=now),
            lambda: remove_template(session, member, row.id, now=now),
        ):
            with pytest.raises(Forbidden):
                act()
        other = LinkTemplate("Traces", LOGS.url)
        change_template(session, CLI, row.id, template=other, revision=1, now=now)
        with pytest.raises(Conflict):
            change_template(session, CLI, row.id, template=LOGS, revision=1, now=now)
        assert [(t.title, t.revision) for t in list_templates(session)] == [("Traces", 2)]
        remove_template(session, CLI, row.id, now=now)
        assert list_templates(session) == []
