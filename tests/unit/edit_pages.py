"""People at forms of entities, as their browsers fill them in and send them."""

from __future__ import annotations

from html.parser import HTMLParser

from werkzeug.datastructures import MultiDict

from portal.auth.core import CLI
from portal.auth.queries.accounts import find_account
from portal.auth.service import accounts, memberships, sessions
from portal.infra.clock import utc_now
from tests.unit.test_editing import World

SHOP_PAGE = "/catalog/component/default/shop"


class Form(HTMLParser):
    """What a browser would send of the last form on a page that changes something."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.data: list[tuple[str, str]] = []
        self.select = self.area = None
        self.is_inside = False
        self.chosen, self.first, self.text = "", None, []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.is_inside = given.get("method") == "post"
            self.data = [] if self.is_inside else self.data
        elif not self.is_inside:
            return
        elif tag == "input" and given.get("type") not in ("checkbox", "radio", "search"):
            self.data.append((given.get("name", ""), given.get("value", "")))
        elif tag == "textarea":
            self.area, self.text = given["name"], []
        elif tag == "select":
            self.select, self.first, self.chosen = given["name"], None, None
        elif tag == "option" and self.select:
            self.first = given["value"] if self.first is None else self.first
            self.chosen = given["value"] if "selected" in given else self.chosen

    def handle_data(self, data):
        if self.area:
            self.text.append(data)

    def handle_endtag(self, tag):
        if tag == "textarea" and self.area:
            # A browser drops one line break behind the tag and sends breaks as CRLF.
            text = "".join(self.text).removeprefix("\n").replace("\n", "\r\n")
            self.data.append((self.area, text))
            self.area = None
        elif tag == "form":
            self.is_inside = False
        elif tag == "select" and self.select:
            self.data.append((self.select, self.first if self.chosen is None else self.chosen))
            self.select = None


class Person:
    """Somebody signed in, who opens pages and sends their forms."""

    def __init__(self, app, database, name, *teams, role="member") -> None:
        with database.unit(write=True) as session:
            account = find_account(session, name) or accounts.create_account(
                session, CLI, name, role=role, now=utc_now()
            )
            rights = [memberships.TeamRight(team, *(True, "test")) for team in teams]
            memberships.set_teams(session, account.id, rights, now=utc_now())
            key = sessions.begin_session(
                session, account, sessions.Way("password"), origin=sessions.Origin(), now=utc_now()
            )
        self.client = app.test_client()
        self.client.set_cookie("plumbline_session", key)

    def open(self, url):
        """Return the page's last form, and the page."""
        answer = self.client.get(url)
        assert answer.status_code == 200, answer.text
        return Form(answer.text).data, answer.text

    @staticmethod
    def open_text(page) -> list[tuple[str, str]]:
        """Return the last form of a page that was answered."""
        return Form(page).data

    def send(self, url, data, *, add=(), **changes):
        """Send a form with fields changed, and some added; returns the answer."""
        given = MultiDict(data)
        for name, value in changes.items():
            given.setlist(name, value if isinstance(value, list) else [value])
        for name, value in add:
            given.add(name, value)
        return self.client.post(url, data=given)


__all__ = ["SHOP_PAGE", "Form", "Person", "World"]
