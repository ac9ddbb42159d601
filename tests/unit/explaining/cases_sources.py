"""Sources: none, repositories left out, not read, on another branch."""

from __future__ import annotations

from portal.sources.core.known import LeftOut
from tests.unit.explaining.worlds import (
    ACME,
    AGO,
    BILLING,
    BILLING_REPOSITORY,
    EDGE,
    EMPTY_REPOSITORY,
    FILE,
    HUB,
    LOST,
    WORLD,
    Case,
    alter,
    change,
    make_entity,
    make_file,
)

CASES = (
    # No source would hold it
    Case(
        "nobody reads this host",
        "https://git.other.example/a/b/-/blob/main/c.yaml",
        WORLD,
        "not_here",
        "source",
        ("git.other.example", "admin"),
    ),
    Case(
        "another organisation",
        "https://github.com/other/thing/blob/main/c.yaml",
        WORLD,
        "not_here",
        "source",
        ("other/thing", "`acme`"),
    ),
    Case(
        "an organisation nobody reads",
        "https://github.com/other",
        WORLD,
        "not_here",
        "source",
        ("other",),
    ),
    Case("no source at all", FILE, LOST, "not_here", "source", ("no sources",)),
    Case(
        "address nobody reads",
        "https://files.example.com/other.yaml",
        WORLD,
        "not_here",
        "source",
        ("files.example.com", "`page`"),
    ),
    # The repository
    Case(
        "archived",
        "https://github.com/acme/old/blob/main/c.yaml",
        change(left_out=(LeftOut(1, "acme/old", "it is archived"),)),
        "not_here",
        "repository",
        ("it is archived", "archived repositories"),
    ),
    Case(
        "fork",
        "https://github.com/acme/fork",
        change(left_out=(LeftOut(1, "acme/fork", "it is a fork"),)),
        "not_here",
        "repository",
        ("it is a fork",),
    ),
    Case(
        "filter by name",
        "https://github.com/acme/x-test",
        change(left_out=(LeftOut(1, "acme/x-test", "`*-test` leaves it out"),)),
        "not_here",
        "repository",
        ("*-test",),
    ),
    Case(
        "not found by the host",
        "https://github.com/acme/secret/blob/main/c.yaml",
        WORLD,
        "not_here",
        "repository",
        ("acme/secret", "may not see"),
    ),
    Case(
        "organisation was never read",
        "https://github.com/acme/new/blob/main/c.yaml",
        change(source=alter(ACME, checked_at=None, read_at=None)),
        "not_here",
        "read",
        ("not been read yet",),
    ),
    Case(
        "organisation fails, repository unknown",
        "https://github.com/acme/new/blob/main/c.yaml",
        change(
            source=alter(
                ACME,
                failing_since=AGO,
                failure="The token was refused.",
                failure_fix="Give another token.",
            )
        ),
        "not_here",
        "read",
        ("The token was refused.", "Give another token."),
    ),
    # Whether it is read
    Case(
        "never read",
        FILE,
        change(
            source=alter(BILLING_REPOSITORY, checked_at=None, read_at=None, version=""),
            **EMPTY_REPOSITORY,
        ),
        "not_here",
        "read",
        ("not been read yet",),
    ),
    Case(
        "paused organisation",
        FILE,
        change(source=alter(ACME, is_paused=True), **EMPTY_REPOSITORY),
        "not_here",
        "read",
        ("paused", "Resume"),
    ),
    Case(
        "paused, but it is here",
        FILE,
        change(source=alter(ACME, is_paused=True)),
        "here",
        "",
        (BILLING,),
    ),
    Case(
        "repository fails",
        FILE,
        change(
            source=alter(
                BILLING_REPOSITORY,
                failing_since=AGO,
                failure="Its branch is gone.",
                failure_fix="Choose a branch.",
            ),
            **EMPTY_REPOSITORY,
        ),
        "not_here",
        "read",
        ("Its branch is gone.", "Choose a branch."),
    ),
    Case(
        "fails, but it is here",
        FILE,
        change(source=alter(ACME, failing_since=AGO, failure="The host is down.")),
        "here",
        "",
        (BILLING,),
    ),
    # The branch
    Case(
        "another branch",
        f"{HUB}/blob/feature/x/catalog-info.yaml",
        WORLD,
        "not_here",
        "branch",
        ("`main`", "feature"),
    ),
    Case(
        "branch with a slash",
        "https://gitlab.example.com/platform/infra/edge/-/blob/release/2/c.yaml",
        change(
            files=(make_file(EDGE.name, "c.yaml", "component:default/edge"),),
            entities=(make_entity("component:default/edge", EDGE.name, "c.yaml"),),
        ),
        "here",
        "",
        ("component:default/edge",),
    ),
    Case(
        "git source on another branch",
        "https://git.example.com/team/tools/src/branch/main/c.yaml",
        WORLD,
        "not_here",
        "branch",
        ("`stable`", "`main`"),
    ),
)
