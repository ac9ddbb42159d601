"""GitHub as an App: proven by its key, with a token for an hour."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from portal.infra.clock import utc_now
from portal.sources.core.host_credentials import HostCredential
from portal.sources.core.trees import SourceDown
from portal.sources.providers import host_calls
from portal.sources.providers.github import GitHub
from tests.servers.hosting import PATTERNS, make_runs
from tests.standins.scm import make_world, private_key_pem

READ = {"contents": "read", "metadata": "read"}


@pytest.fixture
def small():
    return make_world(30)


@pytest.fixture
def small_github(small):
    with small.github() as found:
        yield found


@pytest.fixture
def installed(small_github):
    """Runs as an App that is installed on acme."""
    one = small_github.install("acme", READ)
    credential = HostCredential(
        app_id=small_github.app.client_id,
        installation_id=str(one.id),
        private_key=private_key_pem(),
    )
    runs = make_runs(
        GitHub, api_url=small_github.api_url, organisation="acme", credential=credential
    )
    return runs, one, credential


def test_an_app_reads_what_it_is_installed_on(installed, small, small_github):
    runs, one, credential = installed
    found = runs.discover()
    assert len(found) == 30
    repo = small.of_kind("valid")[0]
    host, known = runs.host, found[repo.full_name]
    tree = host.open(known, host.find_version(known), PATTERNS)
    assert tree.read(next(tree.list_files()))
    assert small_github.calls()["POST /app/installations/{id}/access_tokens"] == 1
    one.repositories = {repo.name}
    assert set(runs.discover()) == {repo.full_name}
    assert "ghs_" not in json.dumps(runs.memory)
    looked_up = HostCredential(app_id=credential.app_id, private_key=credential.private_key)
    assert set(runs.discover(credential=looked_up)) == {repo.full_name}


@pytest.mark.parametrize(("seconds", "tokens"), [(3200, 1), (3400, 2)])
def test_an_app_token_is_made_anew_before_it_ends(
    installed, small_github, monkeypatch, seconds, tokens
):
    runs, _, _ = installed
    runs.discover()
    small_github.advance(seconds)
    later = timedelta(seconds=seconds)
    monkeypatch.setattr(host_calls, "utc_now", lambda: utc_now() + later)
    runs.host.discover()
    assert small_github.calls()["POST /app/installations/{id}/access_tokens"] == tokens


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"private_key": "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n"}, "private key of the App"),
        ({"private_key": ""}, "private key of the App"),
        ({"app_id": "Iv23other"}, "no App with this id"),
        ({"installation_id": "1"}, "not installed"),
    ],
)
def test_a_wrong_app_is_told_apart(installed, wrong, said):
    runs, _, right = installed
    given = {name: getattr(right, name) for name in ("app_id", "installation_id", "private_key")}
    with pytest.raises(SourceDown, match=said) as down:
        runs.discover(credential=HostCredential(**{**given, **wrong}))
    assert "PRIVATE KEY" not in f"{down.value} {down.value.fix}"


def test_an_app_without_permission_or_suspended(installed):
    runs, one, _ = installed
    one.permissions = {"metadata": "read"}
    with pytest.raises(SourceDown, match="not granted"):
        runs.discover()
    one.permissions, one.suspended = READ, True
    with pytest.raises(SourceDown, match="suspended"):
        runs.discover()
