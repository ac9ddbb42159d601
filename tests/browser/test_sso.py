"""Signing in and out at real OpenID providers, in Chromium."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from playwright.sync_api import expect

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
DEEP = "/catalog/component/default/checkout-service?tab=relations"
PERSON = {
    "sub": "noor",
    "name": "Noor van Heerden",
    "email": "noor.van-heerden@larkmoor.example",
    "email_verified": True,
    "groups": ["checkout"],
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running(command, url, environment=None):
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                if requests.get(url, timeout=2).ok:
                    break
            except requests.ConnectionError:
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(timeout=15)


def describe(name: str, issuer: str, **more: str) -> dict[str, str]:
    values = {
        "ISSUER": issuer,
        "CLIENT_ID": "plumbline",
        "CLIENT_SECRET": "only for tests: 0123456789 +%&",
        "GROUP_TEAMS": '{"*": "group:default/*"}',
        **more,
    }
    return {f"PORTAL_OIDC_{name}_{key}": value for key, value in values.items()}


@pytest.fixture(scope="module")
def places():
    portal, node, mock = (f"http://127.0.0.1:{free_port()}" for _ in range(3))
    return {"portal": portal, "node": node, "mock": mock}


@pytest.fixture(scope="module")
def company(places, tmp_path_factory):
    """The portal between two providers; who reads it has to sign in."""
    node = shutil.which("node") or str(BIN / "node")
    well_known = "/.well-known/openid-configuration"
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("PORTAL_")},
        "PORTAL_OUTBOUND_ALLOW": ",".join(
            urlsplit(places[name]).netloc for name in ("node", "mock")
        ),
        "PORTAL_BIND": urlsplit(places["portal"]).netloc,
        "PORTAL_DATA_DIR": str(tmp_path_factory.mktemp("portal")),
        "PORTAL_LOG_LEVEL": "warning",
        **describe("NODE", places["node"], SCOPES="openid profile email groups"),
        **describe("MOCK", places["mock"], EMAIL_DOMAINS="larkmoor.example"),
    }
    port = places["mock"].rpartition(":")[2]
    claims = json.dumps(PERSON)
    certified = [node, "tests/standins/openid.mjs", places["node"], places["portal"]]
    mock = [sys.executable, "-m", "oidc_provider_mock", "-p", port, "--user-claims", claims]
    with (
        running(certified, places["node"] + well_known),
        running(mock, places["mock"] + well_known),
        running([str(BIN / "portal"), "serve"], f"{places['portal']}/-/ready", environment),
    ):
        yield places["portal"]


@pytest.fixture
def page(chromium, company):
    """A page; what the console complains about fails the test at its end."""
    complaints: list[str] = []
    context = chromium.new_context(base_url=company)
    found = context.new_page()
    found.on("pageerror", lambda error: complaints.append(str(error)))
    found.on(
        "console", lambda m: complaints.append(m.text) if "Content Security" in m.text else None
    )
    yield found
    context.close()
    assert not complaints


def sign_in_at_node(page, name: str) -> None:
    page.locator("input[name=login]").fill(name)
    page.locator("input[name=password]").fill("anything")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()


def enter_as_alice(page) -> None:
    page.goto(DEEP)
    page.get_by_role("link", name="Continue with Node").click()
    sign_in_at_node(page, "alice")
    expect(page).to_have_url(re.compile(re.escape(DEEP) + "$"))


def sign_out(page) -> None:
    page.goto("/account")
    page.locator("details.account > summary").click()
    page.get_by_role("button", name="Sign out", exact=True).click()


def test_a_deep_link_leads_through_the_certified_provider(page, places):
    asked: list[dict[str, list[str]]] = []
    page.on(
        "request",
        lambda r: asked.append(parse_qs(urlsplit(r.url).query)) if "/auth?" in r.url else None,
    )
    enter_as_alice(page)
    [query] = [found for found in asked if "code_challenge" in found]
    assert query["code_challenge_method"] == ["S256"]
    page.goto("/account")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Alice Admin")
    for team in ("platform", "checkout"):
        line = page.get_by_role("listitem").filter(has_text=f"group {team} of node")
        expect(line).to_contain_text(f"group:default/{team}")


def test_signing_out_here_signs_out_there(page, places):
    enter_as_alice(page)
    sign_out(page)
    page.get_by_role("button", name="Yes, sign me out").click()
    expect(page.get_by_text("here and at your identity provider")).to_be_visible()
    expect(page).to_have_url(re.compile("/sign-in$"))
    page.goto("/account")
    page.get_by_role("link", name="Continue with Node").click()
    expect(page.locator("input[name=login]")).to_be_visible()  # it asks anew


def test_signing_out_there_ends_the_session_here(page, places):
    enter_as_alice(page)
    page.goto(f"{places['node']}/session/end")
    page.get_by_role("button", name="Yes, sign me out").click()
    page.wait_for_load_state()
    page.goto("/account")
    expect(page).to_have_url(re.compile("/sign-in"))


def test_somebody_of_the_demo_comes_in_by_the_plain_provider(page):
    page.goto("/catalog?kind=api")
    page.get_by_role("link", name="Continue with Mock").click()
    page.get_by_role("button", name="noor").click()
    expect(page).to_have_url(re.compile("/catalog\\?kind=api$"))
    page.goto("/account")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Noor van Heerden")
    expect(page.get_by_text("group checkout of mock").first).to_be_visible()
    sign_out(page)
    page.get_by_role("button").first.click()
    expect(page.get_by_text("here and at your identity provider")).to_be_visible()


def test_a_refusal_names_what_is_wrong(page, assert_accessible, assert_fits, take_shot):
    page.goto("/auth/node/callback?code=x&state=forged")
    expect(page.get_by_role("alert")).to_contain_text("This sign-in is not known")
    expect(page.locator("#claim")).to_have_text("state")
    assert_accessible(page)
    assert_fits(page)
    take_shot(page, "sign-in-refused")


def test_without_javascript_the_way_out_is_the_same(chromium, company):
    context = chromium.new_context(base_url=company, java_script_enabled=False)
    page = context.new_page()
    page.goto("/account")
    page.get_by_role("link", name="Continue with Mock").click()
    page.get_by_role("button", name="noor").click()
    sign_out(page)
    expect(page).to_have_url(re.compile("end_session"))
    context.close()
