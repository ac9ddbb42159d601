"""scim2-tester, a checker by others, against the whole application."""

from __future__ import annotations

from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_tester import Status, check_server

from tests.unit.scim.conftest import make_key

GOOD = {Status.SUCCESS, Status.COMPLIANT, Status.ACCEPTABLE}
# (resource type, check) that have nothing to do here, with the reason.
SKIPPED: dict[tuple[str | None, str], str] = {}


def test_every_check_passes(app, database, settings):
    client = WSGISCIMClient(
        app,
        base_url=f"{settings.public_url}/scim/v2",
        headers={"Authorization": f"Bearer {make_key(database, 'okta')}"},
    )
    results = check_server(client)
    bad = [result for result in results if result.status not in GOOD]
    assert [
        (result.resource_type, result.title, result.status, result.reason)
        for result in bad
        if (result.resource_type, result.title) not in SKIPPED
    ] == []
    assert len(results) > 60
