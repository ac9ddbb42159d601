"""What every browser test shares: running portals, Chromium, and pages that are watched."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from playwright.sync_api import expect, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[2]
PORTAL = str(Path(sys.executable).parent / "portal")
AXE = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")
SHOTS = ROOT / "tests" / "browser" / "shots"
# Nothing here leads out of the machine, and the page under test is the only thing that runs.
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
SECONDS_TO_START = 30
# Names every element that sticks out of the page, so that a failure says what to mend.
FIND_OVERFLOW = """() => {
  const root = document.documentElement;
  if (root.scrollWidth <= root.clientWidth) return [];
  const wide = [...document.querySelectorAll("body *")].filter(
    (e) => e.getBoundingClientRect().right > root.clientWidth + 0.5);
  return [`${root.scrollWidth} > ${root.clientWidth}`, ...wide.slice(0, 5).map(
    (e) => `${e.tagName.toLowerCase()}.${e.getAttribute("class") ?? ""}`)];
}"""
# A ring of no width is none, and so is one around something that takes no room.
HAS_VISIBLE_FOCUS = """(element) => {
  if (!element || element === document.body) return false;
  const shown = (e) => {
    const style = getComputedStyle(e);
    const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
    return ring || style.boxShadow !== "none";
  };
  const box = element.getBoundingClientRect();
  return box.width > 0 && box.height > 0 && shown(element);
}"""


@contextmanager
def serve(folder: Path, **settings: str) -> Iterator[str]:
    """Yield the address of a portal of its own, with its data in `folder`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        bind = f"127.0.0.1:{probe.getsockname()[1]}"
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PORTAL_")}
    own = {
        "PORTAL_BIND": bind,
        "PORTAL_DATA_DIR": str(folder),
        "PORTAL_LOG_LEVEL": "warning",
        "PORTAL_ANONYMOUS_READ": "1",
    }
    process = subprocess.Popen([PORTAL, "serve"], env={**kept, **own, **settings})
    try:
        _wait_until_ready(process, f"http://{bind}/-/ready")
        yield f"http://{bind}"
    finally:
        process.terminate()
        process.wait(timeout=15)


def _wait_until_ready(process: subprocess.Popen[bytes], address: str) -> None:
    end = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < end:
        assert process.poll() is None, "the portal ended before it was ready"
        try:
            if requests.get(address, timeout=2).ok:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.05)
    pytest.fail(f"the portal was not ready within {SECONDS_TO_START} s")


@pytest.fixture(scope="session")
def url(tmp_path_factory) -> Iterator[str]:
    """A portal with the demo company in it."""
    with serve(tmp_path_factory.mktemp("portal")) as address:
        yield address


@pytest.fixture(scope="session")
def empty_url(tmp_path_factory) -> Iterator[str]:
    """A portal that knows nothing yet."""
    with serve(tmp_path_factory.mktemp("empty"), PORTAL_DEMO="0") as address:
        yield address


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    expect.set_options(timeout=8_000)
    path = os.environ.get("PORTAL_TEST_CHROMIUM") or "/usr/bin/chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


class Watch:
    """Collects what a page does that nobody should have to see."""

    def __init__(self) -> None:
        self.complaints: list[str] = []

    def follow(self, page: Page, base_url: str) -> None:
        """Note script errors, console errors, failing answers and requests to elsewhere."""
        page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        page.on("console", self._hear)
        page.on("response", self._see)
        page.on("request", lambda r: None if r.url.startswith(base_url) else self._blame(r.url))

    def _hear(self, message: Any) -> None:
        # These pages are refused on purpose; Chromium reports their status as an error.
        asked = message.location["url"].partition("#")[0]
        expected = ("404" in message.text and asked.endswith("/nowhere")) or (
            any(status in message.text for status in ("409", "422"))
            and asked.endswith(("/sources/new", "/edit", "/catalog/register"))
        )
        if message.type == "error" and not expected:
            self.complaints.append(f"console: {message.text}")

    def _see(self, response: Any) -> None:
        if response.status >= 500:
            self.complaints.append(f"{response.status} from {response.url}")

    def _blame(self, address: str) -> None:
        if not address.startswith(("data:", "blob:")):
            self.complaints.append(f"asked another host: {address}")


@pytest.fixture
def open_page(chromium, url) -> Iterator[Callable[..., Page]]:
    """Open a page in a browser of its own; what it complains about fails the test at its end."""
    watch = Watch()
    contexts = []

    def start(path: str, **options: Any) -> Page:
        options = {"viewport": {"width": 1280, "height": 800}, **options}
        context = chromium.new_context(base_url=url, **options)
        context.set_default_timeout(8_000)
        contexts.append(context)
        page = context.new_page()
        watch.follow(page, url)
        page.goto(path)
        return page

    yield start
    for context in contexts:
        context.close()
    assert not watch.complaints


@pytest.fixture(scope="session")
def watched() -> type[Watch]:
    return Watch


@pytest.fixture(scope="session")
def assert_accessible() -> Callable[[Page], None]:
    """Assert that axe finds nothing serious; evaluating it leaves the content policy as it is."""

    def check(page: Page) -> None:
        page.evaluate(AXE)
        found = page.evaluate(
            "async () => (await axe.run({resultTypes: ['violations']})).violations"
        )
        serious = [v for v in found if v["impact"] in ("serious", "critical")]
        assert not [(v["id"], [n["target"] for n in v["nodes"]][:3]) for v in serious]

    return check


@pytest.fixture(scope="session")
def assert_fits() -> Callable[[Page], None]:
    """Assert that nobody has to scroll sideways."""

    def check(page: Page) -> None:
        assert page.evaluate(FIND_OVERFLOW) == []

    return check


@pytest.fixture(scope="session")
def assert_focus_shows() -> Callable[[Page], None]:
    """Assert that whoever uses the keyboard sees where they are."""

    def check(page: Page) -> None:
        focused = page.evaluate_handle("document.activeElement")
        said = page.evaluate("document.activeElement.outerHTML.slice(0, 160)")
        assert page.evaluate(HAS_VISIBLE_FOCUS, focused), f"no visible focus on {said}"

    return check


@pytest.fixture(scope="session")
def take_shot() -> Callable[[Page, str], None]:
    """Keep a picture for people to look at; nothing compares it."""

    def take(page: Page, name: str) -> None:
        SHOTS.mkdir(exist_ok=True)
        page.screenshot(path=SHOTS / f"{re.sub(r'[^a-z0-9-]+', '-', name.lower())}.png")

    return take
