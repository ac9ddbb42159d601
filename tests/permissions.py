"""Who gets in where: asks every route as everyone, and keeps the table in docs/permissions.md.

`python tests/permissions.py --write` writes the table anew; a test compares it with the code.
"""

from __future__ import annotations

import re
import sys
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

from flask import session as visit
from flask_wtf.csrf import generate_csrf

from portal.auth.core import CLI
from portal.auth.core.people import ProviderRules
from portal.auth.core.scopes import AREAS, VERBS
from portal.auth.queries.accounts import find_account
from portal.auth.service import accounts, memberships, sessions, tokens
from portal.demo.flows import load_demo
from portal.factory.application import create_app
from portal.factory.database import create_database
from portal.infra import migrate
from portal.infra.clock import utc_now
from portal.settings import Settings
from portal.web.markers import PUBLIC, get_label

PAGE = Path(__file__).parents[1] / "docs" / "permissions.md"
BEGIN, END = "<!-- made by tests/permissions.py -->\n", "<!-- end -->\n"
ENTITY = {"kind": "component", "namespace": "default", "name": "checkout-service"}
OWNER, OTHER = "group:default/checkout", "group:default/payments"
# Account, role, the teams it answers for. Nobody in particular is `target`, whom admins change.
CAST = (
    ("viewer", "viewer", ()),
    ("member", "member", ()),
    ("stranger", "member", (OTHER,)),
    ("owner", "member", (OWNER,)),
    ("auditor", "auditor", ()),
    ("admin", "admin", ()),
)
PEOPLE = ("anonymous", *(name for name, _, _ in CAST))
SCOPES = tuple(
    [f"{area}:{verb}" for area in AREAS for verb in VERBS] + [f"catalog:write@owner={OWNER}"]
)
SCIM = "/scim/"
PROGRAMS = ("/api/", "/scim/", "/-/metrics")
FOR_READERS = "/api/docs"  # a page, for all that it stands there
SIGN_IN, NO, YES = "sign in", "no", "yes"


@dataclass(frozen=True)
class Route:
    """A method of an address, and what its view is labelled with."""

    method: str
    rule: str
    label: str

    @property
    def is_for_programs(self):
        return self.rule.startswith(PROGRAMS) and self.rule != FOR_READERS


@dataclass
class Answers:
    """What each asker got, with reading closed and with reading opened."""

    closed: dict[str, str] = field(default_factory=dict)
    opened: dict[str, str] = field(default_factory=dict)


def list_routes(app):
    return sorted(
        (
            Route(method, str(rule), get_label(app.view_functions[rule.endpoint]) or "")
            for rule in app.url_map.iter_rules()
            for method in rule.methods - {"HEAD", "OPTIONS"}
        ),
        key=lambda route: (route.rule, route.method),
    )


class Walker:
    """Asks one application as everyone; unsafe requests get a session of their own."""

    def __init__(self, app, database, keys, target) -> None:
        self.app, self.database, self.keys, self.target = app, database, keys, target
        self.sessions = {name: self._sign_in(name) for name, _, _ in CAST}
        with app.test_request_context():
            self.proof = generate_csrf()
            self.visit = dict(visit)

    def ask_all(self, route):
        """Return the status class of a route for every person, and every token where it counts."""
        askers = [*PEOPLE, *(SCOPES if route.is_for_programs else ("*:*",))]
        return {asker: self.ask(route, asker) for asker in askers}

    def ask(self, route, asker):
        client = self.app.test_client()
        options = {"headers": {}}
        keys = self.keys["scim"] if route.rule.startswith(SCIM) else self.keys
        if asker in keys:
            options["headers"]["Authorization"] = f"Bearer {keys[asker]}"
        elif asker in self.sessions:
            is_safe = route.method == "GET"
            key = self.sessions[asker] if is_safe else self._sign_in(asker)
            client.set_cookie("plumbline_session", key)
        if route.method != "GET":
            with client.session_transaction() as held:
                held.update(self.visit)
            options["headers"]["X-CSRFToken"] = self.proof
        answer = client.open(self._address(route), method=route.method, **options)
        answer.close()
        return classify(route, answer)

    def _sign_in(self, name):
        with self.database.unit(write=True) as session:
            account = find_account(session, name)
            way, origin = sessions.Way("password"), sessions.Origin()
            return sessions.begin_session(session, account, way, origin=origin, now=utc_now())

    def _address(self, route):
        """Return an address that exists where a name is asked for, and none where a number is."""
        values = {**ENTITY, "account_id": self.target, "filename": "dist/manifest.json"}
        if route.rule.startswith("/teams/"):
            values["name"] = "checkout"

        def fill(match):
            kind, name = match[1], match[2]
            return str(values.get(name, 0 if kind == "int" else "none"))

        return re.sub(r"<(\w+)(?:\([^)]*\))?:(\w+)>", fill, route.rule)


def classify(route, answer):
    """Return yes, sign in or no; the number where somebody got in and something else was wrong."""
    status = answer.status_code
    leads_to_sign_in = status == 303 and answer.location.startswith("/sign-in")
    if status == 401 or (leads_to_sign_in and route.label != PUBLIC):
        return SIGN_IN
    if status == 403:
        return NO
    return YES if status < 400 else str(status)


def set_cast(database):
    """Make everyone who asks, with a token of the admin for each scope."""
    keys = {}
    load_demo(database)
    with database.unit(write=True) as session:
        for name, role, teams in CAST:
            account = accounts.create_account(session, CLI, name, role=role, now=utc_now())
            rights = [memberships.TeamRight(team, True, "test") for team in teams]  # noqa: FBT003 the field is named in its class
            memberships.set_teams(session, account.id, rights, now=utc_now())
        admin = find_account(session, "admin")
        speaker = accounts.create_account(
            session,
            CLI,
            "speaker",
            role="viewer",
            kind="service",
            scim_provider="okta",
            now=utc_now(),
        )
        keys["scim"] = {}
        for scope in (*SCOPES, "*:*"):
            for account, kept in ((admin, keys), (speaker, keys["scim"])):
                kept[scope], _ = tokens.create_token(
                    session, CLI, account, name="t", scopes=[scope], now=utc_now()
                )
        target = accounts.create_account(session, CLI, "target", role="viewer", now=utc_now())
        return keys, target.id


def walk(settings, database):
    """Return what everyone gets from every route."""
    rules = {"okta": ProviderRules("okta")}
    database.contributions = replace(database.contributions, provider_rules=rules)
    keys, target = set_cast(database)
    found = {}
    for is_open in (False, True):
        changed = {"anonymous_read": is_open, "requests_per_minute": 0}
        app = create_app(settings.model_copy(update=changed), database)
        walker = Walker(app, database, keys, target)
        # What only reads comes first: signing out elsewhere ends the sessions it is asked with.
        for route in sorted(list_routes(app), key=lambda route: route.method != "GET"):
            answers = found.setdefault(route, Answers())
            setattr(answers, "opened" if is_open else "closed", walker.ask_all(route))
    return found


def make_tables(found):
    """Return both tables as Markdown."""
    listed = sorted(found.items(), key=lambda item: (item[0].rule, item[0].method))
    pages = {route: answers for route, answers in listed if not route.is_for_programs}
    programs = {route: answers for route, answers in listed if route.is_for_programs}
    heads = ["route", "permission", "anonymous", "reading open", *PEOPLE[1:]]
    lines = ["## Pages", "", *_make_head(heads)]
    lines += [_make_line(_start(route, answers)) for route, answers in pages.items()]
    lines += ["", "## API and other addresses for programs", "", *_make_head([*heads, "tokens"])]
    lines += [
        _make_line([*_start(route, answers), _list_tokens(answers)])
        for route, answers in programs.items()
    ]
    return "\n".join(lines) + "\n"


def _start(route, answers):
    label = "everyone" if route.label == PUBLIC else f"`{route.label}`"
    people = [answers.closed[name] for name in PEOPLE[1:]]
    visitors = [answers.closed["anonymous"], answers.opened["anonymous"]]
    return [f"`{route.method} {route.rule}`", label, *visitors, *people]


def _list_tokens(answers):
    """Return the scopes whose token gets what its admin gets; others get `no` or what is said."""
    like_admin = [s for s in SCOPES if answers.closed[s] == answers.closed["admin"]]
    others = [s for s in SCOPES if answers.closed[s] not in (answers.closed["admin"], NO)]
    if len(like_admin) == len(SCOPES):
        return "every scope"
    words = [f"`{scope}`" for scope in like_admin]
    return ", ".join([*words, *(f"`{s}`: {answers.closed[s]}" for s in others)]) or NO


def _make_head(names):
    return [_make_line(names), _make_line(["---"] * len(names))]


def _make_line(cells):
    return f"| {' | '.join(cells)} |"


def read_tables():
    """Return the tables as the page holds them."""
    return PAGE.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]


def write_tables(tables):
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}{tables}{END}{rest.partition(END)[2]}", "utf-8")


def main():
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), log_level="error")
        database = create_database(settings)
        migrate.upgrade(database)
        tables = make_tables(walk(settings, database))
        database.dispose()
    if "--write" in sys.argv:
        write_tables(tables)
    else:
        sys.stdout.write(tables)


if __name__ == "__main__":
    main()
