"""What is asked, and what is here."""

from __future__ import annotations

from datetime import timedelta

from tests.unit.explaining.worlds import (
    BILLING,
    BILLING_ENTITY,
    BILLING_REPOSITORY,
    FILE,
    HUB,
    LOST,
    NOW,
    REPOSITORY,
    WORLD,
    Case,
    alter,
    change,
)

CASES = (
    # What is asked
    Case("nothing", "", LOST, "unknown", "asked", ("Nothing was asked",)),
    Case("no address", "https://", LOST, "unknown", "asked", ("cannot be read",)),
    # It is here
    Case("file is here", FILE, WORLD, "here", "", (BILLING, "is in the catalog")),
    Case("edit form", f"{HUB}/edit/main/catalog-info.yaml", WORLD, "here", "", (BILLING,)),
    Case(
        "raw form",
        "https://raw.githubusercontent.com/acme/billing/main/catalog-info.yaml",
        WORLD,
        "here",
        "",
        (BILLING,),
    ),
    Case(
        "case of the host's path",
        "https://GitHub.com/Acme/Billing/blob/main/catalog-info.yaml",
        WORLD,
        "here",
        "",
        (BILLING,),
    ),
    Case(
        "at the commit that was read",
        f"{HUB}/blob/{'c0ffee' + '0' * 34}/catalog-info.yaml",
        WORLD,
        "here",
        "",
        (BILLING,),
    ),
    Case("repository is here", HUB, WORLD, "here", "", ("1 entity",)),
    Case("clone address", "git@github.com:acme/billing.git", WORLD, "here", "", ("1 entity",)),
    Case("reference is here", BILLING, WORLD, "here", "", ("is in the catalog", REPOSITORY)),
    Case(
        "page of this portal",
        "https://portal.example/catalog/component/default/billing",
        WORLD,
        "here",
        "",
        ("is in the catalog",),
    ),
    Case("bare name is here", "billing", WORLD, "here", "", (BILLING,)),
    Case(
        "path in a named source", f"{REPOSITORY}/catalog-info.yaml", WORLD, "here", "", (BILLING,)
    ),
    Case(
        "ephemeral",
        FILE,
        change(
            entities=(alter(BILLING_ENTITY, is_ephemeral=True),),
            source=alter(BILLING_REPOSITORY, expires_at=NOW + timedelta(hours=5)),
        ),
        "here",
        "",
        ("2026-03-01 17:00",),
    ),
)
