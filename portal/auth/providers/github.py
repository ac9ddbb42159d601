"""GitHub: plain OAuth. Who somebody is, is the number of the account, never its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from portal.auth.core.people import Claims, make_rules
from portal.auth.core.signing_in import SignInRefused, check_error
from portal.auth.providers.wire import explaining, fetch_json, fetch_tokens, make_client, read_json
from portal.auth.providers.wire import make_outage as outage

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests

    from portal.auth.core.signing_in import LogoutToken, Pending
    from portal.auth.providers.wire import Caller, MakeSession
    from portal.settings.providers import ProviderSettings

PUBLIC = "https://github.com"
SCOPES = "read:user user:email read:org"
MOST_PAGES = 10
OK, FORBIDDEN, NOT_FOUND = 200, 403, 404
HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}


class GitHub:
    """github.com, or a GitHub Enterprise Server under its own address."""

    def __init__(self, given: ProviderSettings, callback: str, make_session: MakeSession) -> None:
        self._given = given
        self._callback = callback
        self._make_session = make_session
        self.rules = make_rules(given)

    @property
    def issuer(self) -> str:
        """Return the address of this GitHub."""
        return (self._given.issuer or PUBLIC).rstrip("/")

    @property
    def api(self) -> str:
        """Return where its API begins."""
        return "https://api.github.com" if self.issuer == PUBLIC else f"{self.issuer}/api/v3"

    def make_address(self, pending: Pending, state: str) -> str:
        """Return where the browser goes."""
        with self._make_session() as session:
            url, _ = self._client(session).create_authorization_url(
                f"{self.issuer}/login/oauth/authorize",
                state,
                pending.verifier,
                scope=self._given.scopes or SCOPES,
            )
        return str(url)

    def redeem(self, pending: Pending, answer: Mapping[str, str], *, now: int) -> Claims:
        """Exchange the code and ask the API who it is; raises SignInRefused."""
        del now
        code = check_error(answer)
        with self._make_session() as session:
            tokens = fetch_tokens(
                self._client(session),
                f"{self.issuer}/login/oauth/access_token",
                code=code,
                code_verifier=pending.verifier,
                redirect_uri=self._callback,
            )
            return Reading(self.api, session, tokens["access_token"]).read_person(
                self.issuer, self._given.user_claim
            )

    def find_leaving_address(self, state: str) -> str | None:
        """Return None: GitHub lets no other site end its sessions."""
        del state
        return None

    def read_logout_token(self, token: str, *, now: int) -> LogoutToken:
        """Raise SignInRefused: GitHub sends none."""
        del token, now
        raise SignInRefused("logout_token", "GitHub sends no logout tokens.")

    def _client(self, session: Caller) -> Any:
        return make_client(
            session,
            self._given.client_id,
            self._given.secret,
            "client_secret_post",
            self._callback,
        )


class Reading:
    """Reads the API in one person's name; their token goes to that API and nowhere else."""

    def __init__(self, api: str, session: Caller, access_token: str) -> None:
        self._api = api
        self._session = session
        self._headers = {**HEADERS, "Authorization": f"Bearer {access_token}"}

    def read_person(self, issuer: str, user_claim: str) -> Claims:
        """Return who it is; raises SignInRefused."""
        user, _ = fetch_json(self._session, f"{self._api}/user", "user", "account", self._headers)
        number = user.get("id") if isinstance(user, dict) else None
        if not isinstance(number, int) or isinstance(number, bool):
            raise SignInRefused("id", "GitHub does not say which account this is.")
        emails = self._list("emails") or []
        email = next(
            (m["email"] for m in emails if m.get("primary") is True and m.get("verified") is True),
            None,
        )
        login = str(user.get("login") or number)
        return Claims(
            issuer=issuer,
            subject=str(number),
            name=login,
            display_name=str(user.get("name") or login),
            email=email if isinstance(email, str) else None,
            email_verified=isinstance(email, str),
            groups=self._read_groups(),
            user_name=login if user_claim == "login" else None,
        )

    def _read_groups(self) -> tuple[str, ...] | None:
        """Return organisations and `organisation/team`; None when neither may be read."""
        orgs, teams = self._list("orgs"), self._list("teams")
        if orgs is None and teams is None:
            return None
        found = [str(org.get("login", "")) for org in orgs or ()]
        for team in teams or ():
            owner = team.get("organization")
            if isinstance(owner, dict):
                found.append(f"{owner.get('login', '')}/{team.get('slug', '')}")
        return tuple(dict.fromkeys(found))

    def _list(self, name: str) -> list[dict[str, Any]] | None:
        """Return all pages of a list; None when the person did not allow reading it."""
        url, found = f"{self._api}/user/{name}?per_page=100", []
        for _ in range(MOST_PAGES):
            page, answer = self._read_page(url, name)
            if page is None:
                return None
            found += page
            following = answer.links.get("next", {}).get("url")
            if not following:
                return found
            url = self._check_link(following)
        raise SignInRefused("Link", f"GitHub's list of {name} does not end.")

    def _read_page(
        self, url: str, name: str
    ) -> tuple[list[dict[str, Any]] | None, requests.Response]:
        with explaining(name, name):
            answer = self._session.get(url, headers=self._headers, allow_redirects=False)
            if answer.status_code in (FORBIDDEN, NOT_FOUND):
                return None, answer
            page = read_json(answer) if answer.status_code == OK else None
            if not isinstance(page, list) or not all(isinstance(item, dict) for item in page):
                raise outage(name, name, f"status {answer.status_code}, no list")
            return page, answer

    def _check_link(self, following: str) -> str:
        """Refuse a next page elsewhere: the access token would go there too."""
        here, there = urlsplit(self._api), urlsplit(following)
        is_here = (there.scheme, there.netloc) == (here.scheme, here.netloc)
        if not is_here or not there.path.startswith(f"{here.path}/"):
            raise SignInRefused("Link", "GitHub's list goes on at another address.")
        return following
