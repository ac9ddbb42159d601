"""The portal in this process, identity providers as real servers on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from portal.factory.application import create_app
from portal.factory.contributions import gather_contributions
from portal.infra.outbound import Gate, Limits, Outbound
from portal.settings.outbound import parse_allow_list
from tests.servers.driving import ALICE, PUBLIC, Site, describe
from tests.standins.identity import GitHubStandIn, StandInProvider

if TYPE_CHECKING:
    from portal.settings.providers import ProviderSettings


@pytest.fixture
def idp():
    with StandInProvider(
        redirect_uris=[f"{PUBLIC}/auth/one/callback"],
        post_logout_redirect_uris=[f"{PUBLIC}/auth/one/signed-out"],
    ) as found:
        found.sign_in_as("alice", groups=["platform"], **ALICE)
        yield found


@pytest.fixture
def make_site(settings, database):
    def make(*providers: ProviderSettings) -> Site:
        chosen = settings.model_copy(update={"providers": providers})
        database.contributions = gather_contributions(chosen)
        limits = Limits(total_seconds=3, read_seconds=0.7)
        outbound = Outbound(Gate(parse_allow_list("127.0.0.1"), limits))
        return Site(create_app(chosen, database, outbound=outbound), database)

    return make


@pytest.fixture
def site(make_site, idp) -> Site:
    return make_site(describe(idp))


@pytest.fixture
def hub():
    with GitHubStandIn(callback_url=f"{PUBLIC}/auth/hub/callback") as found:
        found.sign_in_as(
            4711,
            "octo",
            name="Octo Example",
            emails=[
                {"email": "octo@example.test", "primary": True, "verified": True},
                {"email": "old@example.test", "primary": False, "verified": False},
            ],
            orgs=["acme"],
            teams=[("acme", f"team-{number}") for number in range(150)],
        )
        yield found
