"""What was, a new name, and what comes back, in a browser with and without scripts."""

from __future__ import annotations

import os
import re
import subprocess

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PORTAL, serve
from tests.unit.managed import component

PHONE = {"viewport": {"width": 360, "height": 800}, "has_touch": True}
TILL = "/catalog/component/default/till"


class Shop:
    """A portal of its own beside one folder that is read by command."""

    def __init__(self, folder) -> None:
        self.data, self.files = folder / "data", folder / "files"
        self.data.mkdir()
        self.files.mkdir()

    def ingest(self, **names):
        for path in self.files.iterdir():
            path.unlink()
        for path, (name, owner) in names.items():
            text = component(name).replace("owner: crew", f"owner: {owner}")
            (self.files / f"{path}.yaml").write_text(text)
        kept = {k: v for k, v in os.environ.items() if not k.startswith("PORTAL_")}
        command = [PORTAL, "catalog", "ingest", "--source", "shop", "--remove", str(self.files)]
        env = {**kept, "PORTAL_DATA_DIR": str(self.data), "PORTAL_LOG_LEVEL": "warning"}
        subprocess.run(command, env=env, check=True, capture_output=True)


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


def test_an_owner_looks_back_and_brings_back(
    chromium, shop, watched, assert_accessible, assert_fits
):
    with serve(shop.data) as address:
        shop.ingest(a=("till", "payments"), b=("printer", "checkout"))
        shop.ingest(a=("till", "checkout"), b=("printer", "checkout"))
        shop.ingest(a=("kiosk", "checkout"))
        context = chromium.new_context(base_url=address, java_script_enabled=False)
        page = context.new_page()
        page.goto("/sign-in")
        page.get_by_role("button", name="Sign in as Noor van Heerden").click()
        # An old link leads to the new name, whose history tells of the old one.
        page.goto(f"{TILL}?tab=history")
        expect(page).to_have_url(re.compile("/kiosk"))
        expect(page.get_by_text("component:default/till")).to_be_visible()
        page.get_by_role("button", name="Compare the two").click()
        expect(page.get_by_role("heading", name="After change")).to_be_visible()
        expect(page.get_by_role("cell", name="payments")).to_be_visible()
        compared = page.url.removeprefix(address)
        # What went is brought back, and its source leaves it.
        page.goto("/catalog/removed")
        page.get_by_role("button", name="Bring back printer").click()
        expect(page.get_by_role("heading", name="printer")).to_be_visible()
        shop.ingest(a=("kiosk", "checkout"))
        page.reload()
        expect(page.get_by_text("brought back by hand")).to_be_visible()
        context.close()
        phone = chromium.new_context(base_url=address, **PHONE)
        page, watch = phone.new_page(), watched()
        watch.follow(page, address)
        for path in (f"{TILL}?tab=history", compared, "/catalog/component/default/printer/history"):
            assert page.goto(path).ok
            assert_accessible(page)
            assert_fits(page)
        assert not watch.complaints
