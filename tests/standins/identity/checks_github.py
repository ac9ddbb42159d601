"""Checks of the GitHub stand-in: the good path, its refusals, and every fault by name."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from .checks_faults import expectations
from .github_standin import GITHUB_FAULTS, GitHubStandIn, GitHubUser, callback_matches
from .minimal_client import LoginError, read_json, unpadded

CALLBACK = "http://127.0.0.1:9/github/callback"
VERIFIER = "verifier-" * 6
JSON = {"Accept": "application/json"}
PAGES = 10


@dataclass
class GitHubClient:
    """A minimal correct client of the web flow and the user API."""

    idp: GitHubStandIn
    scope: str = "read:user user:email read:org"
    extra: dict[str, str] = field(default_factory=dict)

    def authorize(self) -> dict[str, str]:
        """What the browser brings back to the callback."""
        wanted = {
            "client_id": self.idp.client_id,
            "redirect_uri": CALLBACK,
            "scope": self.scope,
            "state": "a-state",
            "code_challenge": unpadded(hashlib.sha256(VERIFIER.encode("ascii")).digest()),
            "code_challenge_method": "S256",
            **self.extra,
        }
        url = self.idp.authorize_url
        reply = requests.get(url, params=wanted, allow_redirects=False, timeout=5)
        if reply.status_code != 302:
            raise LoginError(f"page {reply.status_code}")
        location = reply.headers["Location"]
        assert location.startswith(CALLBACK)
        return {name: found[0] for name, found in parse_qs(urlsplit(location).query).items()}

    def exchange(self, code: str, **changes: str) -> requests.Response:
        """One raw exchange of a code; a change to an empty text drops a parameter."""
        form = {
            "client_id": self.idp.client_id,
            "client_secret": self.idp.client_secret,
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
            **changes,
        }
        kept = {name: value for name, value in form.items() if value}
        try:
            return requests.post(self.idp.token_url, data=kept, headers=JSON, timeout=0.7)
        except requests.RequestException as error:
            raise LoginError("token") from error

    def token(self) -> str:
        """Run the flow up to the access token."""
        back = self.authorize()
        if "error" in back:
            raise LoginError(back["error"])
        reply = self.exchange(back["code"])
        answer = read_json("token", reply)
        if reply.status_code != 200 or "error" in answer:
            raise LoginError(str(answer.get("error", "token")))
        return str(answer["access_token"])

    def get(self, name: str, url: str, token: str) -> requests.Response:
        """One request to the API, which must be on the host of the API."""
        if not url.startswith(self.idp.api_url + "/"):
            raise LoginError("Link")
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}
        try:
            return requests.get(url, headers=headers, timeout=0.7)
        except requests.RequestException as error:
            raise LoginError(name) from error

    def user(self, token: str) -> dict[str, Any]:
        """The profile, which must have a number."""
        reply = self.get("user", f"{self.idp.api_url}/user", token)
        if reply.status_code != 200:
            raise LoginError("user")
        profile = read_json("user", reply)
        if not isinstance(profile.get("id"), int):
            raise LoginError("id")
        return profile

    def listing(self, name: str, token: str) -> list[dict[str, Any]]:
        """All pages of a list; a scope that was not granted gives an empty list."""
        url, found = f"{self.idp.api_url}/user/{name}?per_page=100", []
        for _ in range(PAGES):
            reply = self.get(name, url, token)
            if reply.status_code in {403, 404}:
                return []
            page = reply.json()
            if reply.status_code != 200 or not isinstance(page, list):
                raise LoginError(name)
            found += page
            if "next" not in reply.links:
                return found
            url = reply.links["next"]["url"]
        raise LoginError("Link")

    def login(self) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
        """Profile, emails and teams of the user."""
        token = self.token()
        user = self.user(token)
        return user, self.listing("emails", token), self.listing("teams", token)


def sign_in(idp: GitHubStandIn) -> GitHubUser:
    """An account with two addresses and 250 teams."""
    return idp.sign_in_as(
        4711,
        "octo",
        name="Octo Example",
        emails=[
            {"email": "octo@example.test", "primary": True, "verified": True, "visibility": None},
            {"email": "old@example.test", "primary": False, "verified": False, "visibility": None},
        ],
        orgs=["acme"],
        teams=[("acme", f"team-{number}") for number in range(250)],
    )


def check_github_good_path() -> None:
    """The flow, the paging and the default form of the token answer."""
    with GitHubStandIn(callback_url=CALLBACK) as idp:
        sign_in(idp)
        client = GitHubClient(idp)
        user, emails, teams = client.login()
        assert (user["id"], user["login"], user["email"]) == (4711, "octo", None)
        assert [mail["verified"] for mail in emails] == [True, False]
        assert [team["slug"] for team in teams] == [f"team-{number}" for number in range(250)]
        assert idp.count("teams") == 3
        form = {
            "client_id": idp.client_id,
            "client_secret": idp.client_secret,
            "code": client.authorize()["code"],
            "code_verifier": VERIFIER,
        }
        plain = requests.post(idp.token_url, data=form, timeout=5)
        assert plain.headers["Content-Type"].startswith("application/x-www-form-urlencoded")
        assert parse_qs(plain.text)["scope"] == ["read:org,read:user,user:email"]


def check_github_refusals() -> None:
    """Errors of the exchange come with 200; scopes, tokens and the callback are checked."""
    refuse = [
        ({"client_secret": "wrong"}, "incorrect_client_credentials"),
        ({"client_id": "wrong"}, "incorrect_client_credentials"),
        ({"code": "wrong"}, "bad_verification_code"),
        ({"code_verifier": "wrong"}, "bad_verification_code"),
        ({"code_verifier": ""}, "bad_verification_code"),
        ({"redirect_uri": CALLBACK + "2"}, "redirect_uri_mismatch"),
    ]
    with GitHubStandIn(callback_url=CALLBACK) as idp:
        sign_in(idp)
        client = GitHubClient(idp)
        for changes, error in refuse:
            reply = client.exchange(**{"code": client.authorize()["code"], **changes})
            assert (reply.status_code, reply.json()["error"]) == (200, error), reply.text
        code = client.authorize()["code"]
        assert "access_token" in client.exchange(code).json()
        assert client.exchange(code).json()["error"] == "bad_verification_code"
        client.extra = {"redirect_uri": "http://127.0.0.1:9/other"}
        assert client.authorize()["error"] == "redirect_uri_mismatch"
        check_github_api(idp)


def check_github_api(idp: GitHubStandIn) -> None:
    """Missing scopes, missing and wrong tokens."""
    url = f"{idp.api_url}/user"
    assert requests.get(url, timeout=5).status_code == 401
    wrong = {"Authorization": "Bearer wrong"}
    assert requests.get(url, headers=wrong, timeout=5).json()["message"] == "Bad credentials"
    client = GitHubClient(idp, scope="")
    token = client.token()
    for name, status in (("emails", 404), ("orgs", 403), ("teams", 403)):
        assert client.get(name, f"{url}/{name}", token).status_code == status
    assert client.user(token)["id"] == 4711


def check_github_callbacks() -> None:
    """The rule for redirect_uri of GitHub's documentation."""
    registered = "http://example.com/path"
    good = ("http://example.com/path/sub", "http://oauth.example.com/path")
    bad = (
        "http://example.com/bar",
        "http://example.com/",
        "http://example.com:8080/path",
        "http://example.org/path",
        "http://notexample.com/path",
        "http://example.com/path/../bar",
        "http://example.com/path2",
        "http://user@example.com/path",
    )
    assert all(callback_matches(registered, wanted) for wanted in good)
    assert not any(callback_matches(registered, wanted) for wanted in bad)


def check_github_faults() -> None:
    """Each fault makes the correct client name what is expected."""
    rows = expectations("github")
    named = {row["fault"] for row in rows}
    assert named == GITHUB_FAULTS, named ^ GITHUB_FAULTS
    with GitHubStandIn(callback_url=CALLBACK) as idp:
        sign_in(idp)
        for row in rows:
            with idp.faulty(row["fault"]):
                check_github_fault(idp, row)
        assert GitHubClient(idp).login()[0]["id"] == 4711


def check_github_fault(idp: GitHubStandIn, row: dict[str, Any]) -> None:
    """One fault is refused for the expected reason, or tolerated with less than usual."""
    refused = ""
    emails: list[dict[str, Any]] = []
    teams: list[dict[str, Any]] = []
    try:
        _, emails, teams = GitHubClient(idp).login()
    except LoginError as error:
        refused = str(error)
    assert refused == ("" if row["accept"] else row["hint"]), (row, refused)
    assert not any(mail["verified"] for mail in emails)
    assert bool(teams) == (row["fault"] == "github_emails_unverified")


CHECKS = (
    check_github_good_path,
    check_github_refusals,
    check_github_callbacks,
    check_github_faults,
)
