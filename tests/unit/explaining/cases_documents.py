"""Documents: skipped, refused, in conflict; entities not written."""

from __future__ import annotations

from tests.unit.explaining.worlds import (
    BILLING,
    FILE,
    REPOSITORY,
    Case,
    make_entity,
    problem,
    with_file,
)

CASES = (
    # The documents
    Case(
        "an error",
        FILE,
        with_file(
            (None, "x"),
            entities=(),
            problems=(
                problem("pattern", line=7, message="`Bil ling` is no name.", fix="Write a-z."),
            ),
        ),
        "not_here",
        "document",
        ("line 7", "`Bil ling` is no name.", "Write a-z.", "pattern"),
    ),
    Case(
        "broken YAML",
        FILE,
        with_file(
            (None, "x"),
            entities=(),
            problems=(problem("yaml", line=4, message="This document is not YAML."),),
        ),
        "not_here",
        "document",
        ("line 4", "not YAML"),
    ),
    Case(
        "an error in what was here",
        FILE,
        with_file(
            (BILLING, "x"),
            problems=(problem("type", ref=BILLING, line=9, message="`tier` is no number."),),
        ),
        "partly",
        "document",
        ("line 9", "as it was last read"),
    ),
    Case(
        "a policy",
        FILE,
        with_file(
            (None, "m"),
            entities=(),
            problems=(
                problem(
                    "policy",
                    about="user:default/jo",
                    message="user:default/jo is refused by the policy of this "
                    "source: it may not define user entities, only: component.",
                    fix="Let an admin add user.",
                ),
            ),
        ),
        "not_here",
        "document",
        ("may not define user", "Let an admin add user."),
    ),
    Case(
        "another source has it",
        FILE,
        with_file(
            BILLING,
            entities=(make_entity(BILLING, "mono", "services/b/catalog-info.yaml", line=3),),
            problems=(problem("conflict", ref=BILLING, message="It belongs to mono."),),
        ),
        "not_here",
        "document",
        ("mono", "services/b/catalog-info.yaml:3", "2026-01-20"),
    ),
    Case(
        "defined twice",
        FILE,
        with_file(
            BILLING,
            (BILLING, "y"),
            problems=(
                problem(
                    "unique",
                    ref=BILLING,
                    document=2,
                    line=11,
                    message="It is already defined at a:1.",
                ),
            ),
        ),
        "partly",
        "document",
        ("line 11", "already defined"),
    ),
    Case(
        "shadowed by another product's file",
        FILE,
        with_file(
            (BILLING, "z"),
            entities=(make_entity(BILLING, REPOSITORY, "b/catalog-info.yaml"),),
            problems=(
                problem(
                    "shadowed",
                    ref=BILLING,
                    severity="warning",
                    message="That one is used, this OpsLevel file is not.",
                ),
            ),
        ),
        "partly",
        "document",
        ("this OpsLevel file is not",),
    ),
    Case(
        "no descriptor",
        FILE,
        with_file((None, "not a catalog descriptor"), entities=()),
        "not_here",
        "document",
        ("not a catalog descriptor", "apiVersion"),
    ),
    Case(
        "a template",
        FILE,
        with_file((None, "still a template"), entities=()),
        "not_here",
        "document",
        ("still a template",),
    ),
    Case(
        "an empty file",
        FILE,
        with_file((None, "empty document"), entities=()),
        "not_here",
        "document",
        ("empty",),
    ),
    Case(
        "a file without documents",
        FILE,
        with_file(entities=()),
        "not_here",
        "document",
        ("holds no document",),
    ),
    Case(
        "one of two is wrong",
        FILE,
        with_file(
            BILLING,
            (None, "x"),
            problems=(problem("required", document=2, line=14, message="`spec` is missing."),),
        ),
        "partly",
        "document",
        ("line 14", "`spec` is missing."),
    ),
    # The catalog
    Case(
        "read but not written",
        FILE,
        with_file(BILLING, entities=()),
        "not_here",
        "catalog",
        ("not in the catalog", "cut short"),
    ),
)
