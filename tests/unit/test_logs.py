"""Logs: what says secret is blanked, wherever it stands."""

from __future__ import annotations

import logging

import pytest

from portal.infra.logs import HIDDEN, configure_logs, get_logger, hide_secrets
from portal.infra.queue.lanes import describe_redis

CANARY = "canary-7f3a9d"
NAMES = [
    *("authorization", "Authorization", "authorisation", "cookie", "Set-Cookie", "HTTP_COOKIE"),
    *("token", "access_token", "id_token", "refresh_token", "csrf_token", "password", "passwd"),
    *("db_password", "client_secret", "secret_key", "code", "state", "nonce", "code_verifier"),
    *("api_key", "X-Api-Key", "private_key", "client_assertion", "login_code", "otp"),
]
HARMLESS = ("status", "status_code", "path", "endpoint", "key_id", "encode", "stage", "estate")
TEXTS = (
    f"GET /auth/callback?code={CANARY}&state={CANARY}#x",
    f"/login?next=/&state={CANARY}",
    f"grant_type=authorization_code&client_secret={CANARY}",
    f"refresh_token={CANARY}",
    f"Authorization: Bearer {CANARY}",
    f"{{'Authorization': 'Basic {CANARY}', 'Accept': '*/*'}}",
    f'{{"id_token": "{CANARY}", "expires_in": 60}}',
    f"Cookie: a=b; session={CANARY}",
    f"Set-Cookie: session={CANARY}; HttpOnly",
    f"postgresql://portal:{CANARY}@db/portal does not answer",
)


@pytest.mark.parametrize("name", NAMES)
def test_names_that_say_secret_are_blanked(name):
    assert hide_secrets(None, "", {name: CANARY}) == {name: HIDDEN}
    for nested in ({name: CANARY}, [(name, CANARY)], [{name: [CANARY]}], ((name, CANARY),)):
        assert CANARY not in repr(hide_secrets(None, "", {"request": nested}))


@pytest.mark.parametrize("name", HARMLESS)
def test_harmless_names_stay(name):
    assert hide_secrets(None, "", {name: 7}) == {name: 7}


@pytest.mark.parametrize("line", TEXTS)
def test_secrets_inside_texts_are_blanked(line):
    for value in (line, line.encode(), [line]):
        assert CANARY not in repr(hide_secrets(None, "", {"event": value}))


def test_other_texts_stay():
    for line in ("/catalog?kind=api&tag=code", "the state of things: good", "exit code=1"):
        assert hide_secrets(None, "", {"event": line}) == {"event": line}


@pytest.mark.parametrize("shape", ["json", "text"])
def test_tracebacks_and_libraries_take_the_same_way_out(shape, capsys):
    configure_logs("debug", shape)
    for log in (get_logger("test"), logging.getLogger("some.library")):
        try:
            int(f"client_secret={CANARY}&code=1")
        except ValueError:
            log.exception("call_failed")
    logging.getLogger("some.library").warning("sent %s", {"Authorization": f"Bearer {CANARY}"})
    written = capsys.readouterr().err
    assert written.count("ValueError") >= 2
    assert "Authorization" in written
    assert CANARY not in written


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("redis://:canary@cache.test:6380/2", "redis://cache.test:6380/2"),
        ("rediss://user:canary@[fd00::1]/0?password=canary", "rediss://[fd00::1]/0"),
        ("redis://cache.test", "redis://cache.test"),
    ],
)
def test_where_redis_is_told_without_its_password(url, told):
    assert describe_redis(url) == told
