"""People's first journeys, in Chromium, with axe on every page."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from playwright.sync_api import expect, sync_playwright

ROOT = Path(__file__).parents[2]
PORTAL = str(Path(sys.executable).parent / "portal")
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
SHOTS = ROOT / "tests" / "browser" / "shots"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
]
SERVICE = 'a[href="/catalog/component/default/checkout-service"]'
PAGES = {
    "catalog": "/catalog",
    "catalog-nothing": "/catalog?q=zzzz",
    "entity": "/catalog/component/default/checkout-service",
    "entity-relations": "/catalog/component/default/checkout-service?tab=relations",
    "entity-raw": "/catalog/component/default/checkout-service?tab=raw",
    "problems": "/catalog/problems",
    "patterns": "/-/patterns",
    "not-found": "/nowhere",
}


@pytest.fixture(scope="session")
def url(tmp_path_factory):
    folder = tmp_path_factory.mktemp("portal")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        bind = f"127.0.0.1:{probe.getsockname()[1]}"
    environment = {
        **os.environ,
        "PORTAL_BIND": bind,
        "PORTAL_DATA_DIR": str(folder),
        "PORTAL_LOG_LEVEL": "warning",
    }
    process = subprocess.Popen([PORTAL, "serve"], env=environment)
    for _ in range(100):
        try:
            if requests.get(f"http://{bind}/-/ready", timeout=2).ok:
                break
        except requests.ConnectionError:
            time.sleep(0.1)
    yield f"http://{bind}"
    process.terminate()
    process.wait(timeout=10)


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as playwright:
        path = os.environ.get("PORTAL_TEST_CHROMIUM") or "/usr/bin/chromium"
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, url):
    """Open a page; anything the console complains about fails the test at its end."""
    complaints: list[str] = []
    contexts = []

    def start(path: str, **options):
        context = chromium.new_context(base_url=url, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda m: (
                complaints.append(m.text) if m.type == "error" and "404" not in m.text else None
            ),
        )
        page.goto(path)
        return page

    yield start
    for context in contexts:
        context.close()
    assert not complaints


def assert_accessible(chromium, page) -> None:
    """Assert that axe finds nothing serious; the driver may inject it despite the policy."""
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("async () => (await axe.run()).violations")
    serious = [v for v in found if v["impact"] in ("serious", "critical")]
    assert not [(v["id"], [n["target"] for n in v["nodes"]][:3]) for v in serious]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_accessible_and_fits(open_page, chromium, name, width, scheme):
    page = open_page(PAGES[name], viewport={"width": width, "height": 800}, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert_accessible(chromium, page)
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}-{width}-{scheme}.png")


def test_find_a_service_and_read_it(open_page):
    page = open_page("/")
    page.keyboard.press("/")
    page.keyboard.type("checkout")
    page.keyboard.press("Enter")
    page.locator(SERVICE).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Checkout")
    page.get_by_role("link", name="Relations").first.click()
    expect(page.get_by_text("Depends on").first).to_be_visible()


def test_filters_follow_typing_and_stay_in_the_url(open_page):
    page = open_page("/catalog")
    page.get_by_label("Name", exact=True).fill("ledger")
    expect(page).to_have_url(re.compile("q=ledger"))
    expect(page.locator("#results")).not_to_contain_text("checkout-service")
    page.go_back()
    expect(page.locator("#results")).to_be_visible()


def test_everything_works_without_javascript(open_page):
    page = open_page("/catalog", java_script_enabled=False)
    page.get_by_label("Name", exact=True).fill("checkout")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(SERVICE).first).to_be_visible()


def test_keyboard_alone_reaches_the_first_entry(open_page):
    page = open_page("/catalog?q=checkout-service")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('href')?.includes('/component/')"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
