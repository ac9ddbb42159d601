"""References, names and paths."""

from __future__ import annotations

from tests.unit.explaining.worlds import (
    BILLING,
    BILLING_REPOSITORY,
    LOST,
    REPOSITORY,
    WORLD,
    Case,
    alter,
    change,
    make_entity,
    make_file,
    make_problem,
    make_removal,
    problem,
)

CASES = (
    # References and names
    Case(
        "reference unknown",
        "component:default/bilings",
        change(nearest=(BILLING,)),
        "not_here",
        "named",
        ("component:default/bilings", "Nothing"),
    ),
    Case(
        "reference removed",
        "component:default/billing",
        change(
            entities=(), files=(), removed=(make_removal(BILLING, REPOSITORY, "catalog-info.yaml"),)
        ),
        "not_here",
        "catalog",
        ("removed", "run 17", "2026-03-04 10:00"),
    ),
    Case(
        "reference refused by a policy",
        "user:default/jo",
        change(
            problems=(
                problem(
                    "policy", about="user:default/jo", message="it may not define user entities"
                ),
            )
        ),
        "not_here",
        "document",
        ("may not define user", "catalog-info.yaml"),
    ),
    Case(
        "reference in error",
        "api:default/pay",
        change(
            problems=(
                problem(
                    "required", ref="api:default/pay", line=8, message="`definition` is missing."
                ),
            )
        ),
        "not_here",
        "document",
        ("`definition` is missing.", "line 8"),
    ),
    Case(
        "reference in conflict",
        BILLING,
        change(
            problems=(
                make_problem(
                    "mono",
                    "services/b/catalog-info.yaml",
                    "conflict",
                    ref=BILLING,
                    message="It is acme's.",
                ),
            )
        ),
        "here",
        "",
        ("mono",),
    ),
    Case(
        "reference removed too long ago",
        "component:default/old",
        LOST,
        "not_here",
        "named",
        ("72 hours",),
    ),
    Case(
        "reference held",
        BILLING,
        change(
            files=(), source=alter(BILLING_REPOSITORY, held=1, held_because="the file is broken")
        ),
        "partly",
        "catalog",
        ("the file is broken",),
    ),
    Case(
        "path nobody knows",
        "services/none/catalog-info.yaml",
        WORLD,
        "not_here",
        "file",
        ("services/none/catalog-info.yaml",),
    ),
    Case(
        "path read by command",
        "a/catalog-info.yaml",
        change(
            files=(make_file("by-hand", "a/catalog-info.yaml", "api:default/a"),),
            entities=(make_entity("api:default/a", "by-hand", "a/catalog-info.yaml"),),
        ),
        "here",
        "",
        ("api:default/a",),
    ),
    Case(
        "url source",
        "https://files.example.com/cat/all.yaml",
        change(
            files=(make_file("page", "all.yaml", "api:default/a"),),
            entities=(make_entity("api:default/a", "page", "all.yaml"),),
        ),
        "here",
        "",
        ("api:default/a",),
    ),
)
