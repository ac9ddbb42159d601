"""Settings: typed, all problems at once, secrets kept out of logs."""

from __future__ import annotations

import stat

import pytest

from portal.errors import SetupError
from portal.infra.logs import hide_secrets
from portal.settings import Settings, load_settings
from portal.settings.folder import find_secret_key, list_secret_keys

OLD, NEW, OTHER = "old-" * 10, "new-" * 10, "other-" * 10


def test_all_problems_are_reported_together():
    with pytest.raises(SetupError) as caught:
        load_settings({"PORTAL_BIND": "nonsense", "PORTAL_WEB_WORKERS": "x", "PORTAL_ODD": "1"})
    for name in ("PORTAL_BIND", "PORTAL_WEB_WORKERS", "PORTAL_ODD"):
        assert name in caught.value.detail


@pytest.mark.parametrize("bind", ["0.0.0.0:8000", "10.0.0.1:80", "[::]:8000"])
def test_demo_accounts_stay_on_loopback(bind):
    with pytest.raises(SetupError, match="PORTAL_DEMO"):
        load_settings({"PORTAL_BIND": bind, "PORTAL_BASE_URL": "https://portal.example"})
    with pytest.raises(SetupError, match="PORTAL_DEMO"):
        load_settings({"PORTAL_TRUSTED_PROXIES": "1"})
    with pytest.raises(SetupError, match="PORTAL_BASE_URL"):
        load_settings({"PORTAL_BIND": bind, "PORTAL_DEMO": "0"})


def test_providers_are_read_by_name():
    settings = load_settings(
        {
            "PORTAL_OIDC_OKTA_ISSUER": "https://okta.example",
            "PORTAL_OIDC_OKTA_CLIENT_ID": "abc",
            "PORTAL_OIDC_OKTA_GROUP_TEAMS": '{"*": "group:default/*"}',
            "PORTAL_OIDC_HUB_KIND": "github",
            "PORTAL_OIDC_HUB_CLIENT_ID": "def",
        }
    )
    assert [(p.name, p.kind) for p in settings.providers] == [("hub", "github"), ("okta", "oidc")]
    with pytest.raises(SetupError, match="PORTAL_OIDC_OKTA") as caught:
        load_settings({"PORTAL_OIDC_OKTA_ISSUER": "http://okta.example", "PORTAL_OIDC_A_ODD": "1"})
    assert "PORTAL_OIDC_A_ODD" in caught.value.detail


def test_the_key_is_made_once_and_private(tmp_path):
    settings = Settings(data_dir=tmp_path)
    key = find_secret_key(settings)
    assert len(key) >= 48
    assert find_secret_key(settings) == key
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORTAL_SECRET_KEY", "hunter2"),
        ("PORTAL_SECRET_KEY", " " * 40),
        ("PORTAL_SECRET_KEY", "with,comma" * 5),
        ("PORTAL_SECRET_KEY_FALLBACKS", f"{OLD},hunter2"),
    ],
)
def test_weak_keys_are_refused_without_being_shown(name, value):
    with pytest.raises(SetupError) as caught:
        load_settings({name: value})
    assert name in caught.value.detail
    assert "hunter2" not in caught.value.detail


def test_keys_come_in_order_and_once():
    settings = load_settings(
        {"PORTAL_SECRET_KEY": NEW, "PORTAL_SECRET_KEY_FALLBACKS": f" {OLD} , {NEW},{OTHER},"}
    )
    assert list_secret_keys(settings) == (NEW, OLD, OTHER)
    assert OLD not in repr(settings)


def test_a_cut_off_key_file_is_refused(tmp_path):
    (tmp_path / "secret_key").write_text("short")
    with pytest.raises(SetupError) as caught:
        find_secret_key(Settings(data_dir=tmp_path))
    assert "short\n" not in caught.value.detail


def test_logs_hide_secrets():
    event = hide_secrets(
        None, "", {"api_key": "abc", "url": "postgresql://u:hunter2@db/x", "path": "/catalog"}
    )
    assert event["api_key"] == "[hidden]"
    assert "hunter2" not in event["url"]
    assert event["path"] == "/catalog"


def test_own_words_are_read():
    settings = load_settings({"PORTAL_TYPE_CLASSES": '{"lambda": "job"}'})
    assert dict(settings.type_classes) == {"lambda": "job"}


@pytest.mark.parametrize("url", ["cache.test:6379", "http://:hunter2@cache.test", "redis://"])
def test_a_wrong_redis_is_refused_without_being_shown(url):
    with pytest.raises(SetupError, match="PORTAL_REDIS_URL") as caught:
        load_settings({"PORTAL_REDIS_URL": url})
    assert "hunter2" not in caught.value.detail
    good = "rediss://:hunter2@cache.test:6380/1"
    settings = load_settings({"PORTAL_REDIS_URL": good})
    assert settings.redis_url == good
    assert "hunter2" not in repr(settings)
