"""How what somebody pasted is read: every form a host gives a file, a repository, a reference."""

from __future__ import annotations

import pytest

from portal.sources.core.asked import read_asked

# text, kind, host, repository, what follows it ("branch/path", or "branch" and "path" apart)
FILES = (
    ("https://github.com/acme/billing/blob/main/catalog-info.yaml", "main/catalog-info.yaml"),
    ("https://github.com/acme/billing/blob/main/catalog-info.yaml#L3-L9", "main/catalog-info.yaml"),
    ("https://www.github.com/Acme/Billing/edit/main/catalog-info.yaml", "main/catalog-info.yaml"),
    ("https://github.com/acme/billing/blame/main/a%20b.yaml", "main/a b.yaml"),
    ("https://github.com/acme/billing/raw/refs/heads/main/c.yaml?token=abc", "main/c.yaml"),
    ("https://raw.githubusercontent.com/acme/billing/main/x/c.yaml", "main/x/c.yaml"),
    ("https://raw.githubusercontent.com/acme/billing/refs/heads/main/c.yaml", "main/c.yaml"),
    ("url:https://github.com/acme/billing/blob/main/c.yaml", "main/c.yaml"),
    ("github.com/acme/billing/blob/main/c.yaml", "main/c.yaml"),
    ("  <https://github.com/acme/billing/blob/main/c.yaml> ", "main/c.yaml"),
)


@pytest.mark.parametrize(("text", "rest"), FILES)
def test_files_at_github(text, rest):
    asked = read_asked(text)
    assert (asked.kind, asked.host, asked.rest) == ("file", "github.com", rest)
    assert [name.lower() for name in asked.repositories] == ["acme/billing"]


@pytest.mark.parametrize(
    ("text", "host", "repository", "rest"),
    [
        (
            "https://gitlab.example.com/platform/infra/edge/-/blob/release/2/c.yaml",
            "gitlab.example.com",
            "platform/infra/edge",
            "release/2/c.yaml",
        ),
        (
            "https://gitlab.com/group/sub/repo/-/raw/main/c.yml?ref_type=heads&inline=false",
            "gitlab.com",
            "group/sub/repo",
            "main/c.yml",
        ),
        ("https://gitlab.com/g/r/-/edit/main/c.yml", "gitlab.com", "g/r", "main/c.yml"),
        (
            "https://bitbucket.org/team/repo/src/main/c.yaml",
            "bitbucket.org",
            "team/repo",
            "main/c.yaml",
        ),
        (
            "https://bitbucket.org/team/repo/raw/abc123/c.yaml",
            "bitbucket.org",
            "team/repo",
            "abc123/c.yaml",
        ),
        (
            "https://gitea.example.com/o/r/src/branch/main/c.yaml",
            "gitea.example.com",
            "o/r",
            "main/c.yaml",
        ),
        (
            "https://gitea.example.com/o/r/raw/commit/abc/c.yaml",
            "gitea.example.com",
            "o/r",
            "abc/c.yaml",
        ),
        (
            "https://gitea.example.com/o/r/_edit/main/c.yaml",
            "gitea.example.com",
            "o/r",
            "main/c.yaml",
        ),
        ("https://codeberg.org/o/r/blame/branch/main/c.yaml", "codeberg.org", "o/r", "main/c.yaml"),
    ],
)
def test_files_at_other_hosts(text, host, repository, rest):
    asked = read_asked(text)
    assert (asked.kind, asked.host, asked.repositories, asked.rest) == (
        "file",
        host,
        (repository,),
        rest,
    )


def test_files_whose_branch_stands_apart():
    asked = read_asked("https://api.github.com/repos/acme/billing/contents/x/c.yaml?ref=main")
    assert (asked.host, asked.repositories) == ("github.com", ("acme/billing",))
    assert (asked.branch, asked.path) == ("main", "x/c.yaml")
    asked = read_asked(
        "https://bb.example.com/projects/TEAM/repos/r/browse/x/c.yaml?at=refs%2Fheads%2Fdev"
    )
    assert (asked.branch, asked.path) == ("dev", "x/c.yaml")
    assert asked.repositories == ("TEAM/r", "scm/TEAM/r")


@pytest.mark.parametrize(
    ("text", "kind", "repositories"),
    [
        ("https://github.com/acme/billing", "repository", ("acme/billing",)),
        ("https://github.com/acme/billing.git", "repository", ("acme/billing",)),
        ("git@github.com:acme/billing.git", "repository", ("acme/billing",)),
        ("ssh://git@github.com/acme/billing", "repository", ("acme/billing",)),
        ("https://github.com/acme/billing/tree/main/services", "folder", ("acme/billing",)),
        ("https://github.com/acme/billing/pull/12", "repository", ("acme/billing",)),
        ("https://github.com/acme", "organisation", ("acme",)),
    ],
)
def test_repositories(text, kind, repositories):
    asked = read_asked(text)
    assert (asked.kind, asked.repositories) == (kind, repositories)


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("component:default/billing", "component:default/billing"),
        ("Component: Billing", "component:default/billing"),
        ("component/default/billing", "component:default/billing"),
        ("Components : payments/Billing", "component:payments/billing"),
        ("api:billing", "api:default/billing"),
        (
            "https://portal.example/catalog/component/default/billing?tab=raw",
            "component:default/billing",
        ),
        (
            "https://backstage.example/catalog/default/component/billing",
            "component:default/billing",
        ),
        ("/catalog/component/default/Billing", "component:default/billing"),
        ("https://portal.example/teams/default/checkout", "group:default/checkout"),
        ("https://portal.example/api/v1/entities/api/default/billing", "api:default/billing"),
    ],
)
def test_references_however_written(text, ref):
    asked = read_asked(text)
    assert (asked.kind, asked.refs) == ("reference", (ref,))


@pytest.mark.parametrize("text", ["billing", "Billing", "  billing  "])
def test_a_bare_name_may_be_of_any_kind(text):
    asked = read_asked(text)
    assert asked.kind == "name"
    assert "component:default/billing" in asked.refs
    assert "api:default/billing" in asked.refs
    assert asked.names == ("billing",)


def test_a_name_in_words():
    assert read_asked("Billing service").names == ("billing service", "billing-service")
    assert "component:payments/billing" in read_asked("payments/billing").refs


@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        ("services/billing/catalog-info.yaml", "services/billing/catalog-info.yaml", None),
        ("./services/billing/catalog-info.yaml:12", "services/billing/catalog-info.yaml", 12),
        ("/srv/mono/services/a/catalog-info.yaml", "/srv/mono/services/a/catalog-info.yaml", None),
        ("catalog-info.yaml", "catalog-info.yaml", None),
        ("mono/services/opslevel.yml", "mono/services/opslevel.yml", None),
    ],
)
def test_paths(text, path, line):
    asked = read_asked(text)
    assert (asked.kind, asked.path, asked.line) == ("path", path, line)


@pytest.mark.parametrize("text", ["", "   ", "https://", "https://[::1", "http://exa mple/x"])
def test_what_cannot_be_read_is_said(text):
    assert read_asked(text).kind in ("nothing", "name")
    assert read_asked("https://").kind == "nothing"


def test_a_password_in_an_address_is_not_kept():
    asked = read_asked("https://ada:hunter2@github.com/acme/billing/blob/main/c.yaml?token=hunter2")
    assert "hunter2" not in repr(asked)
    assert asked.host == "github.com"
