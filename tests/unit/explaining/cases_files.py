"""Files: no pattern takes them, or they were not there."""

from __future__ import annotations

from tests.unit.explaining.worlds import (
    BILLING,
    BILLING_REPOSITORY,
    EMPTY_REPOSITORY,
    FILE,
    HUB,
    REPOSITORY,
    WORLD,
    Case,
    alter,
    change,
    make_entity,
    make_file,
    make_removal,
)

CASES = (
    # The path
    Case(
        "no pattern takes it",
        "/srv/mono/tools/catalog-info.yaml",
        WORLD,
        "not_here",
        "path",
        ("services/**/catalog-info.yaml",),
    ),
    Case(
        "not a descriptor's ending",
        f"{HUB}/blob/main/README.md",
        WORLD,
        "not_here",
        "path",
        ("README.md", "**/*.yaml"),
    ),
    Case(
        "a folder that is skipped",
        f"{HUB}/blob/main/node_modules/x/catalog-info.yaml",
        WORLD,
        "not_here",
        "path",
        ("node_modules",),
    ),
    Case(
        "a Location adds it",
        "/srv/mono/tools/catalog-info.yaml",
        change(
            files=(make_file("mono", "tools/catalog-info.yaml", "api:default/t"),),
            entities=(make_entity("api:default/t", "mono", "tools/catalog-info.yaml"),),
        ),
        "here",
        "",
        ("api:default/t",),
    ),
    # The file
    Case(
        "the file was not there",
        f"{HUB}/blob/main/catalog.yaml",
        change(similar=((REPOSITORY, "catalog-info.yaml"),)),
        "not_here",
        "file",
        ("catalog.yaml", "`catalog-info.yaml`", "c0ffee0"),
    ),
    Case(
        "repository without commits",
        FILE,
        change(source=alter(BILLING_REPOSITORY, version=""), **EMPTY_REPOSITORY),
        "not_here",
        "file",
        ("no commit",),
    ),
    Case(
        "repository without descriptors",
        HUB,
        change(**EMPTY_REPOSITORY),
        "not_here",
        "file",
        ("No file", "**/*.yaml"),
    ),
    Case(
        "gone, its entity was removed",
        FILE,
        change(
            files=(), entities=(), removed=(make_removal(BILLING, REPOSITORY, "catalog-info.yaml"),)
        ),
        "not_here",
        "file",
        ("was not there", "2026-03-01 10:00", "run 17", "2026-03-04 10:00"),
    ),
    Case(
        "gone, its entity is held",
        FILE,
        change(
            files=(),
            source=alter(BILLING_REPOSITORY, held=3, held_because="an undo holds them back"),
        ),
        "partly",
        "file",
        ("is still in the catalog", "an undo holds them back"),
    ),
)
