"""An admin looks at background work and asks for a job, with and without a script."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.test_access import WAYS, sign_in

ASKED = "auth.forget_ended"


@pytest.mark.parametrize("way", WAYS)
def test_ask_for_a_job_and_see_it_done(open_page, assert_accessible, assert_fits, take_shot, way):
    page = open_page("/sign-in", **WAYS[way])
    sign_in(page)
    page.locator("summary.account__open").click()
    page.get_by_role("link", name="Jobs").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Jobs")
    expect(page.get_by_role("table", name="Workers").get_by_text("reports")).to_be_visible()
    page.get_by_role("button", name=f"Run now {ASKED}").click()
    expect(page.get_by_text(f"{ASKED} is asked for")).to_be_visible()
    page.wait_for_timeout(3000)  # a worker takes it within two seconds
    page.get_by_label("Job or topic").select_option(ASKED)
    page.get_by_role("button", name="Show").click()
    runs = page.get_by_role("table", name="Latest runs").locator("tbody tr")
    expect(runs.first).to_contain_text("asked for")
    expect(runs.first).to_contain_text("done")
    if way != "no-script":
        assert_accessible(page)
        assert_fits(page)
        take_shot(page, f"admin-jobs-{way}")
