"""An admin looks after a folder: adds it, sees what is wrong, mends it, lets go what is gone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import serve

WAYS = {
    "desktop": {},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True},
    "no-script": {"java_script_enabled": False},
}
NAMES = ("basket", "ledger", "parcels", "search")


def describe(name):
    return (
        f"apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: {name}\n"
        "spec:\n  type: service\n  lifecycle: production\n  owner: checkout\n"
    )


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return tmp_path_factory.mktemp("sources")


@pytest.fixture(scope="module")
def url(tmp_path_factory, folders):
    """A portal that may read the folders below `folders`."""
    with serve(tmp_path_factory.mktemp("portal"), PORTAL_SOURCE_FOLDERS=str(folders)) as address:
        yield address


def wait_for(page, says, *, seconds=30):
    """Wait until the page says so: by itself, or by looking again without JavaScript."""
    shown = page.get_by_text(says).first
    for _ in range(seconds * 2):
        if shown.is_visible():
            return
        page.wait_for_timeout(500)
        if not page.evaluate("document.documentElement.classList.contains('js')"):
            page.goto(re.sub(r"#.*", "", page.url))
    pytest.fail(f"the page never said {says!r}: {page.locator('main').inner_text()}")


@pytest.mark.parametrize("way", WAYS)
def test_look_after_a_folder(open_page, folders, assert_accessible, assert_fits, take_shot, way):
    page = open_page("/sign-in", **WAYS[way])
    has_script = way != "no-script"
    name = f"shop-{way}"
    folder = folders / name
    folder.mkdir()
    entities = [f"{way}-{each}" for each in NAMES]
    for each in entities:
        (folder / f"{each}.yaml").write_text(describe(each))

    def look(what):
        if has_script:
            assert_accessible(page)
            assert_fits(page)
            take_shot(page, f"sources-{what}-{way}")

    page.get_by_role("button", name="Sign in as Marit Solheim-Adu").click()
    page.goto("/sources")
    look("list")
    page.get_by_role("link", name="Add a source").click()
    look("choice")
    page.get_by_role("link", name="Folder", exact=True).click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Folder", exact=True).fill("/etc")
    page.get_by_role("button", name="Add and read it").click()
    expect(page.get_by_label("Folder", exact=True)).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Name", exact=True)).to_have_value(name)
    look("form")
    page.get_by_label("Folder", exact=True).fill(str(folder))
    page.get_by_role("button", name="Add and read it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    wait_for(page, "4 new")

    (folder / f"{entities[0]}.yaml").write_text(describe(entities[0]).replace("spec:", "spec: ["))
    page.get_by_role("button", name="Run now").click()
    wait_for(page, re.compile(rf"^{entities[0]}\.yaml:\d+$"))
    look("problem")
    (folder / f"{entities[0]}.yaml").write_text(describe(entities[0]))
    page.get_by_role("button", name="Run now").click()
    wait_for(page, "None: every document")

    for each in entities[1:]:
        (folder / f"{each}.yaml").unlink()
    page.get_by_role("button", name="Run now").click()
    wait_for(page, "3 removals are held")
    look("held")
    page.get_by_role("button", name="Remove 3 entities").click()
    wait_for(page, "3 removed")
    expect(page.get_by_text("removals are held")).to_have_count(0)

    page.get_by_role("link", name="Change", exact=True).click()
    look("change")
    page.get_by_label("Every so many minutes").fill("30")
    page.get_by_role("button", name="Save and read it again").click()
    expect(page.get_by_text("Every 30 min")).to_be_visible()
    page.get_by_role("link", name="Remove", exact=True).click()
    look("removal")
    page.get_by_role("button", name=re.compile(f"Remove {name}")).click()
    expect(page.get_by_text(f"{name} is being removed")).to_be_visible()


def test_page_stops_asking_once_a_run_is_over(open_page, folders):
    page = open_page("/sign-in")
    (folders / "calm").mkdir()
    page.get_by_role("button", name="Sign in as Marit Solheim-Adu").click()
    page.goto("/sources/new?kind=folder")
    page.get_by_label("Name", exact=True).fill("calm")
    page.get_by_label("Folder", exact=True).fill(str(folders / "calm"))
    page.get_by_role("button", name="Add and read it").click()
    wait_for(page, "nothing changed")
    page.wait_for_timeout(2_500)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(5_000)
    assert asked == []
