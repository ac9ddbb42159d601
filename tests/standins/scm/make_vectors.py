"""Writes `webhook_vectors.json` anew, always the same: `python -m scm.make_vectors`."""

from __future__ import annotations

import base64
import json
import uuid
from typing import Any

from . import payloads, webhooks
from .gitobjects import ZERO
from .model import Push, Repo, Store
from .webhooks import VECTORS, Delivery

NOW = 1_767_700_000
SHARED = "It's a Secret to Everybody"
SIGNING = "whsec_" + base64.b64encode(b"invented-key-of-thirty-two-bytes").decode()
HEAD, TAIL, UNIT, TIMES = '{"ref":"refs/heads/main","pad":"', '"}', "0123456789abcdef", 1_638_400


def _id(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"vector {name}"))


class Book:
    """Collects vectors."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def add(
        self, name: str, product: str, made: Delivery, outcome: str, why: str, **more: Any
    ) -> None:
        """Write one vector down; `secret` and `after` may come along."""
        secrets = {"github": SHARED, "gitlab": SHARED, "generic": SHARED}
        row = {
            "name": name,
            "product": product,
            "secret": more.pop("secret", secrets.get(product, SIGNING)),
            "received_at": NOW,
            "outcome": outcome,
            "why": why,
            "headers": made.headers,
            "body": more.pop("body", {"base64": base64.b64encode(made.body).decode()}),
        }
        self.rows.append(row | more)


def _pushes() -> dict[str, Push]:
    """Return the kinds of push the vectors need, of one invented repository."""
    store = Store()
    store.add_account("acme")
    repo: Repo = store.add_repo("acme", "ledger", group="acme/payments", visibility="private")
    first = repo.push({"catalog-info.yaml": "kind: Component\n", "src/a.py": "a = 1\n"})
    found = {"first": first}
    found["change"] = repo.push(
        {"catalog-info.yaml": "kind: API\n", "new.md": "x\n", "src/a.py": None}
    )
    found["other branch"] = repo.push({"b": "1"}, branch="feature/x", start="main")
    gone = repo.branches.pop("feature/x")
    found["deletion"] = Push(repo, "refs/heads/feature/x", gone, ZERO)
    found["force"] = repo.push({"catalog-info.yaml": "kind: System\n"}, replace=True)
    found["tag"] = Push(repo, "refs/tags/v1", ZERO, repo.branches["main"])
    fork = store.add_repo("mallory", "ledger", fork=True)
    found["fork"] = fork.push({"catalog-info.yaml": "kind: Group\n"})
    return found


def _github(book: Book, pushes: dict[str, Push]) -> None:
    """Write the GitHub vectors."""

    def make(name: str, push: str = "change", **more: Any) -> Delivery:
        return webhooks.github(
            payloads.github_push(pushes[push]), SHARED, delivery=_id(name), **more
        )

    def add(name: str, made: Delivery, outcome: str, why: str, **more: Any) -> None:
        book.add(f"github {name}", "github", made, outcome, why, **more)

    good, repo = make("good"), pushes["change"].repo
    ping = webhooks.github(payloads.github_ping(repo), SHARED, event="ping", delivery=_id("ping"))
    add("push", good, "accepted", "well signed, default branch, descriptor modified")
    add("push as a form", make("form", form=True), "accepted", "the signature covers the form body")
    add("ping", ping, "ignored", "well signed, but nothing changed")
    for push, why in (
        ("force", "a force push to the default branch"),
        ("first", "the first push of a repository"),
    ):
        add(push, make(push, push), "accepted", why)
    for push in ("other branch", "deletion", "tag", "fork"):
        add(push, make(push, push), "ignored", f"{push}: the descriptor in force did not change")
    _github_refused(book, good, pushes["change"])


def _github_refused(book: Book, good: Delivery, change: Push) -> None:
    """Write the GitHub vectors that must be refused."""

    def add(name: str, made: Delivery, outcome: str, why: str, **more: Any) -> None:
        book.add(f"github {name}", "github", made, outcome, why, **more)

    wrong = webhooks.github(payloads.github_push(change), "guess", delivery=_id("wrong"))
    add("wrong secret", wrong, "refused", "signed with another secret")
    changed = good.body.replace(b"acme/ledger", b"acme/ledgex")
    add("changed body", good.with_body(changed), "refused", "body changed after signing")
    spaced = json.dumps(json.loads(good.body), indent=1).encode()
    add("same JSON, other bytes", good.with_body(spaced), "refused", "raw bytes are signed")
    bare = good.without("X-Hub-Signature-256", "X-Hub-Signature")
    add("no signature", bare, "refused", "no signature header")
    add("sha1 only", good.without("X-Hub-Signature-256"), "refused", "only the legacy signature")
    digest = good.headers["X-Hub-Signature-256"].removeprefix("sha256=")
    add("no sha256= prefix", good.having(X_Hub_Signature_256=digest), "refused", "malformed")
    add("empty signature", good.having(X_Hub_Signature_256="sha256="), "refused", "malformed")
    add(
        "not ASCII",
        good.having(X_Hub_Signature_256="sha256=\u00e9"),
        "refused",
        "must not be a 500",
    )
    add("no event", good.without("X-GitHub-Event"), "refused", "X-GitHub-Event is missing")
    add(
        "no delivery id",
        good.without("X-GitHub-Delivery"),
        "refused",
        "X-GitHub-Delivery is missing",
    )
    add("replayed", good, "refused", "delivery id seen before", after=["github push"])
    for name, data in (
        ("invalid JSON", b'{"ref": '),
        ("JSON list", b"[1]"),
        ("not UTF-8", b'{"\xff'),
    ):
        made = webhooks.github(data, SHARED, delivery=_id(name))
        add(name, made, "refused", "well signed, but the body is no payload")
    huge = (HEAD + UNIT * TIMES + TAIL).encode()
    made = webhooks.github(huge, SHARED, delivery=_id("huge"))
    recipe = {"head": HEAD, "repeat": UNIT, "times": TIMES, "tail": TAIL}
    add("huge body", made, "refused", "past the 25 MB GitHub sends at most", body=recipe)


def _gitlab(book: Book, pushes: dict[str, Push]) -> None:
    """Write the GitLab vectors, with the plain token and with the signing token."""

    def make(name: str, push: str = "change", **more: Any) -> Delivery:
        return webhooks.gitlab(
            payloads.gitlab_push(pushes[push]), SHARED, delivery=_id(name), **more
        )

    def add(name: str, made: Delivery, outcome: str, why: str, **more: Any) -> None:
        book.add(f"gitlab {name}", "gitlab", made, outcome, why, **more)

    good = make("gl good")
    add("push", good, "accepted", "the token fits")
    add("force", make("gl force", "force"), "accepted", "a force push to the default branch")
    for push in ("other branch", "deletion"):
        add(push, make(f"gl {push}", push), "ignored", f"{push}: nothing in force changed")
    tag = make("gl tag", "tag", event="Tag Push Hook")
    add("tag", tag, "ignored", "a tag push")
    add("wrong token", good.having(X_Gitlab_Token="guess"), "refused", "another token")
    add("no token", good.without("X-Gitlab-Token"), "refused", "no token header")
    add("no event", good.without("X-Gitlab-Event"), "refused", "X-Gitlab-Event is missing")
    add("replayed", good, "refused", "Idempotency-Key seen before", after=["gitlab push"])
    broken = webhooks.gitlab(b"{", SHARED, delivery=_id("gl broken"))
    add("invalid JSON", broken, "refused", "the body is no payload")
    signed = make("gl signed", signing_token=SIGNING, timestamp=NOW - 5).without("X-Gitlab-Token")
    _signed(
        book, "gitlab-signed", signed, make("gl old", signing_token=SIGNING, timestamp=NOW - 3600)
    )


def _signed(book: Book, product: str, good: Delivery, old: Delivery) -> None:
    """Write the vectors every Standard Webhooks sender shares."""

    def add(name: str, made: Delivery, outcome: str, why: str, **more: Any) -> None:
        book.add(f"{product} {name}", product, made, outcome, why, **more)

    add("push", good, "accepted", "signed, fresh")
    both = f"v1,{'A' * 43}= {good.headers['webhook-signature']}"
    add("two signatures", good.having(webhook_signature=both), "accepted", "one fits: key rotation")
    add("old timestamp", old.without("X-Gitlab-Token"), "refused", "an hour old, well signed")
    later = good.having(webhook_timestamp=str(NOW))
    add("changed timestamp", later, "refused", "the timestamp is signed too")
    add("no timestamp", good.without("webhook-timestamp"), "refused", "header missing")
    add("changed body", good.with_body(good.body + b" "), "refused", "body changed after signing")
    other = good.headers["webhook-signature"].replace("v1,", "v1a,")
    add("unknown version", good.having(webhook_signature=other), "refused", "no v1 signature")
    add("replayed", good, "refused", "webhook-id seen before", after=[f"{product} push"])


def _generic(book: Book) -> None:
    """Write the generic vectors."""
    payload = {"repository": "acme/ledger", "ref": "refs/heads/main"}

    def add(name: str, made: Delivery, outcome: str, why: str, **more: Any) -> None:
        book.add(f"generic {name}", "generic", made, outcome, why, **more)

    def make(name: str, when: int, secret: str = SHARED) -> Delivery:
        return webhooks.generic(payload, secret, delivery=_id(name), timestamp=when)

    good = make("ge good", NOW - 5)
    add("push", good, "accepted", "signed, fresh")
    add("old timestamp", make("ge old", NOW - 3600), "refused", "an hour old")
    add("future timestamp", make("ge new", NOW + 3600), "refused", "an hour ahead")
    add("wrong secret", make("ge wrong", NOW - 5, "guess"), "refused", "another secret")
    add("changed timestamp", good.having(X_Signature_Timestamp=str(NOW)), "refused", "signed too")
    add("no timestamp", good.without("X-Signature-Timestamp"), "refused", "header missing")
    add("no signature", good.without("X-Signature-256"), "refused", "header missing")
    add("replayed", good, "refused", "X-Delivery-Id seen before", after=["generic push"])
    std = webhooks.standard(payload, SIGNING, delivery="msg_good", timestamp=NOW - 5)
    old = webhooks.standard(payload, SIGNING, delivery="msg_old", timestamp=NOW - 3600)
    _signed(book, "standard", std, old)


def main() -> None:
    """Write the file."""
    book, pushes = Book(), _pushes()
    _github(book, pushes)
    _gitlab(book, pushes)
    _generic(book)
    about = (
        "Received at `received_at` with 300 s of tolerance, on default branch main; `after` names "
        "the vectors delivered before; outcome is accepted, ignored (verified, no work) or refused."
    )
    text = json.dumps({"about": about, "vectors": book.rows}, indent=1)
    VECTORS.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
