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


@pytest.fixture
def look(assert_accessible, assert_fits, take_shot):
    """Look at a page where scripts run, which is what axe needs."""

    def check(page, what):
        if page.evaluate("document.documentElement.classList.contains('js')"):
            assert_accessible(page)
            assert_fits(page)
            take_shot(page, f"sources-{what}")

    return check


def press(page, name):
    page.get_by_role("button", name=name).click()


def add_folder(page, look, folder, way):
    page.goto("/sources")
    look(page, f"list-{way}")
    page.get_by_role("link", name="Add a source").click()
    look(page, f"choice-{way}")
    page.get_by_role("link", name="Folder", exact=True).click()
    path, name = page.get_by_label("Folder", exact=True), page.get_by_label("Name", exact=True)
    name.fill(folder.name)
    path.fill("/etc")
    press(page, "Add and read it")
    expect(path).to_have_attribute("aria-invalid", "true")
    expect(name).to_have_value(folder.name)
    look(page, f"form-{way}")
    path.fill(str(folder))
    press(page, "Add and read it")
    expect(page.get_by_role("heading", level=1)).to_have_text(folder.name)
    wait_for(page, "4 new")


def break_and_mend(page, look, file, way):
    whole = file.read_text()
    file.write_text(whole.replace("spec:", "spec: ["))
    press(page, "Run now")
    wait_for(page, re.compile(rf"^{file.stem}\.yaml:\d+$"))
    look(page, f"problem-{way}")
    file.write_text(whole)
    press(page, "Run now")
    wait_for(page, "None: every document")


def let_go(page, look, files, way):
    for file in files:
        file.unlink()
    press(page, "Run now")
    wait_for(page, "3 removals are held")
    look(page, f"held-{way}")
    press(page, "Remove 3 entities")
    wait_for(page, "3 removed")
    expect(page.get_by_text("removals are held")).to_have_count(0)


def change_and_remove(page, look, name, way):
    page.get_by_role("link", name="Change", exact=True).click()
    look(page, f"change-{way}")
    page.get_by_label("Every so many minutes").fill("30")
    press(page, "Save and read it again")
    expect(page.get_by_text("Every 30 min")).to_be_visible()
    page.get_by_role("link", name="Remove", exact=True).click()
    look(page, f"removal-{way}")
    press(page, re.compile(f"Remove {name}"))
    expect(page.get_by_text(f"{name} is being removed")).to_be_visible()


@pytest.mark.parametrize("way", WAYS)
def test_look_after_a_folder(open_page, folders, look, way):
    page = open_page("/sign-in", **WAYS[way])
    folder = folders / f"shop-{way}"
    folder.mkdir()
    files = [folder / f"{way}-{name}.yaml" for name in NAMES]
    for file in files:
        file.write_text(describe(file.stem))
    press(page, "Sign in as Marit Solheim-Adu")
    add_folder(page, look, folder, way)
    break_and_mend(page, look, files[0], way)
    let_go(page, look, files[1:], way)
    change_and_remove(page, look, folder.name, way)


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
