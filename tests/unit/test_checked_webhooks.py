"""Every recorded delivery is judged right, and who cannot prove it learns nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from portal.errors import Forbidden, InvalidInput, PortalError, TooLarge
from portal.sources.core.webhooks import MOST_BYTES, check_webhook, sign_generic
from tests.standins.scm import load_vectors
from tests.standins.scm.webhooks import github, gitlab, standard

SECRET = "It's a Secret to Everybody"
SIGNING = "whsec_aW52ZW50ZWQta2V5LW9mLXRoaXJ0eS10d28tYnl0ZXM="
AT = 1_767_700_000
NOW = datetime.fromtimestamp(AT, UTC)
KINDS = {"gitlab-signed": "gitlab", "standard": "generic"}
HELD = {"acme/ledger", "acme/payments/ledger"}
VECTORS = {vector.name: vector for vector in load_vectors()}


class Receiver:
    """What a route does with a checked delivery: refuse replays, work on pushes that matter."""

    def __init__(self) -> None:
        self.seen = set()

    def take(self, vector):
        kind = KINDS.get(vector.product, vector.product)
        now = datetime.fromtimestamp(vector.received_at, UTC)
        made = vector.delivery
        try:
            push = check_webhook(kind, vector.secret, made.headers, made.body, now=now)
        except PortalError:
            return "refused"
        if push.delivery in self.seen or push.digest in self.seen:
            return "refused"
        self.seen |= {push.delivery, push.digest}
        matters = push.kind == "push" and push.branch == "main" and push.repository in HELD
        return "accepted" if matters else "ignored"


@pytest.mark.parametrize("name", VECTORS)
def test_every_vector_is_judged_right(name):
    vector, receiver = VECTORS[name], Receiver()
    for before in vector.after:
        assert receiver.take(VECTORS[before]) == "accepted"
    assert receiver.take(vector) == vector.outcome, vector.why


def check(kind, headers, body, secret=SECRET):
    return check_webhook(kind, secret, headers, body, now=NOW)


def send(body, at=AT, secret=SECRET, **more):
    """Return headers and body of a delivery in our own form."""
    return {"X-Plumbline-Signature": sign_generic(secret, body, at), **more}, body


def test_our_own_form_says_what_was_pushed():
    body = b'{"repository": "acme/ledger", "branch": "feature/x", "repository_id": 7}'
    push = check("generic", *send(body, **{"X-Delivery-Id": "4711"}))
    assert (push.repository, push.repository_id, push.branch) == ("acme/ledger", "7", "feature/x")
    assert (push.kind, push.delivery, len(push.digest)) == ("push", "4711", 64)
    assert check("generic", *send(b"{}")).kind == "ping"
    form = send(b"payload=%7B%22repository%22%3A%22a%2Fb%22%7D")
    form[0]["Content-Type"] = "application/x-www-form-urlencoded"
    assert check("generic", *form).repository == "a/b"


def test_the_signature_is_the_documented_one():
    # printf '1767700000.{}' | openssl dgst -sha256 -hmac secret
    wanted = "4958775269a302a7e8c88cfe95d6f9538a300dde3077e1e2331b844f5abea032"
    assert sign_generic("secret", b"{}", AT) == f"t=1767700000,v1={wanted}"


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "t=1767700000",
        "v1=00",
        "t=1767700000,v1=",
        "t=,v1=00",
        "t=1767700000,t=1767700000,v1={v1}",
        "t=١٧٦٧٧٠٠٠٠٠,v1={v1}",
        "t=1767700001,v1={v1}",
        "t=1767700000,v0={v1}",
        "t=-1767700000,v1={v1}",
        "t=1e9,v1={v1}",
        "t=" + "9" * 5000 + ",v1={v1}",
        "t=1767700000,v1=é",
    ],
)
def test_a_signature_that_is_not_ours_is_refused(signature):
    right = sign_generic(SECRET, b"{}", AT).rpartition("=")[2]
    headers = {"X-Plumbline-Signature": signature.replace("{v1}", right)}
    with pytest.raises(Forbidden):
        check("generic", headers, b"{}")


@pytest.mark.parametrize(("seconds", "is_taken"), [(-300, 1), (300, 1), (-301, 0), (301, 0)])
def test_time_may_differ_by_five_minutes(seconds, is_taken):
    sent = send(b"{}", AT + seconds)
    if is_taken:
        assert check("generic", *sent)
    else:
        with pytest.raises(Forbidden):
            check("generic", *sent)


def test_while_a_secret_is_changed_one_of_two_signatures_is_enough():
    headers, body = send(b"{}")
    headers["X-Plumbline-Signature"] += f",v1={'0' * 64}"
    assert check("generic", headers, body).kind == "ping"


def test_a_replay_is_known_by_what_was_signed():
    headers, body = send(b"{}")
    first = check("generic", headers, body)
    headers["X-Plumbline-Signature"] += ",v1=00"
    again = check("generic", {**headers, "X-Delivery-Id": "another"}, body)
    later = check("generic", *send(b"{}", AT + 1))
    assert first.digest == again.digest != later.digest
    made = [standard({}, SIGNING, delivery=name, timestamp=AT) for name in "ab"]
    digests = {check("generic", each.headers, each.body, SIGNING).digest for each in made}
    assert len(digests) == 2


def test_an_own_header_is_not_passed_by_with_another_form():
    made = standard({"repository": "a/b"}, SIGNING, timestamp=AT)
    assert check("generic", made.headers, made.body, SIGNING)
    headers = {**made.headers, "X-Plumbline-Signature": "t=1,v1=0"}
    with pytest.raises(Forbidden):
        check("generic", headers, made.body, SIGNING)


@pytest.mark.parametrize("kind", ["github", "gitlab", "generic"])
def test_without_a_secret_nothing_is_taken(kind):
    made = github({"ref": "refs/heads/main"}, "")
    headers = {**made.headers, "X-Gitlab-Token": "", "X-Gitlab-Event": "Push Hook"}
    with pytest.raises(Forbidden):
        check(kind, headers, made.body, secret="")


def test_a_stranger_is_told_the_same_whatever_is_wrong():
    good = github({"ref": "refs/heads/main"}, SECRET)
    said = set()
    for made in (
        good.without("X-Hub-Signature-256"),
        good.with_body(b"not json"),
        good.without("X-GitHub-Event").having(X_Hub_Signature_256="sha256=00"),
    ):
        with pytest.raises(Forbidden) as refused:
            check("github", made.headers, made.body)
        said.add((refused.value.detail, refused.value.fix))
    assert len(said) == 1
    assert SECRET not in str(said)


def test_who_proves_it_is_told_what_is_wrong():
    for made in (
        github(b"[1]", SECRET),
        github(b'{"a":' * 100_000, SECRET),
        github(b'{"a": ' + b"9" * 5000 + b"}", SECRET),
        github({}, SECRET).without("X-GitHub-Delivery"),
    ):
        with pytest.raises(InvalidInput) as refused:
            check("github", made.headers, made.body)
        assert refused.value.detail
    with pytest.raises(TooLarge):
        check("github", {}, b" " * (MOST_BYTES + 1))


@pytest.mark.parametrize("secret", ["whsec_", "===="])
def test_an_empty_signing_key_proves_nothing(secret):
    made = standard({"repository": "a/b"}, "whsec_", timestamp=AT)
    with pytest.raises(Forbidden):
        check("generic", made.headers, made.body, secret)
    with pytest.raises(Forbidden):
        check("gitlab", {**made.headers, "X-Gitlab-Event": "x"}, made.body, secret)


def test_a_signing_token_is_never_taken_as_a_plain_one():
    made = gitlab({"object_kind": "push"}, SIGNING)
    assert made.headers["X-Gitlab-Token"] == SIGNING
    with pytest.raises(Forbidden):
        check("gitlab", made.headers, made.body, SIGNING)


@pytest.mark.parametrize(
    ("event", "payload", "kind", "path"),
    [
        (
            "repository",
            {"action": "renamed", "repository": {"full_name": "a/b"}},
            "repository",
            "a/b",
        ),
        ("installation_repositories", {"action": "added"}, "repository", ""),
        ("issues", {"repository": {"full_name": "a/b"}}, "other", "a/b"),
        ("push", {"ref": 7, "repository": ["a/b"]}, "push", ""),
        ("push", {"ref": "refs/heads/x", "repository": {"full_name": "a\0b"}}, "push", "a\ufffdb"),
    ],
)
def test_kinds_of_github(event, payload, kind, path):
    made = github(payload, SECRET, event=event)
    push = check("github", made.headers, made.body)
    assert (push.kind, push.repository) == (kind, path)


@pytest.mark.parametrize(
    ("payload", "kind", "path", "branch"),
    [
        ({"event_name": "project_rename", "path_with_namespace": "a/b"}, "repository", "a/b", ""),
        ({"event_name": "push", "ref": "refs/heads/x/y", "project_id": 3}, "push", "", "x/y"),
        ({"object_kind": "tag_push", "ref": "refs/tags/v1"}, "other", "", ""),
        (
            {"object_kind": "issue", "project": {"path_with_namespace": "a/b/c"}},
            "other",
            "a/b/c",
            "",
        ),
        ({"event_name": ["push"]}, "other", "", ""),
    ],
)
def test_kinds_of_gitlab(payload, kind, path, branch):
    made = gitlab(payload, SECRET)
    push = check("gitlab", made.headers, made.body)
    assert (push.kind, push.repository, push.branch) == (kind, path, branch)


def test_header_names_are_found_in_any_case():
    made = github(json.loads("{}"), SECRET, event="ping")
    headers = {name.upper(): value for name, value in made.headers.items()}
    assert check("github", headers, made.body).kind == "ping"
