"""Confirming, handing over, taking over, reorganising: over the demo company, from outside."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from portal.audit.models import AuditEntry
from portal.auth.core import CLI
from portal.catalog.core.document_fields import Change
from portal.catalog.models import Entity, EntityOverlay
from portal.catalog.service.editing import edit_entity
from portal.catalog.service.entities import remove_entities
from portal.catalog.service.problems import refresh_dangling
from portal.demo.flows import load_demo
from portal.infra.clock import utc_now
from portal.ownership.models import Confirmation, Handover
from portal.ownership.service import refresh_all

CART = "component:default/cart-service"
CHECKOUT, PAYMENTS = "group:default/checkout", "group:default/payments"
CONFIRM = "/teams/default/checkout/confirm"


@pytest.fixture
def company(database):
    load_demo(database)
    with database.unit(write=True) as session:
        refresh_all(session, "", utc_now())
    return database


def sign_in(app, name):
    client = app.test_client()
    page = client.get("/sign-in").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    client.post("/sign-in/demo", data={"csrf_token": token, "account": name})
    return client


def post(client, url, **data):
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/account").text)[1]
    return client.post(url, data={"csrf_token": token, **data})


def age_all(database, days):
    with database.unit(write=True) as session:
        then = utc_now() - timedelta(days=days)
        session.execute(update(Entity).values(created_at=then))


def owner_of(database, ref=CART):
    with database.unit(write=False) as session:
        return session.scalar(select(Entity.owner).where(Entity.ref == ref))


def list_acts(database, subject):
    with database.unit(write=False) as session:
        return session.scalars(
            select(AuditEntry.action).where(AuditEntry.subject == subject).order_by(AuditEntry.id)
        ).all()


def read_ticks(page):
    return [html.unescape(found) for found in re.findall(r'name="entry" value="([^"]+)"', page)]


def test_owners_confirm_in_one_press_but_nothing_that_changed_meanwhile(app, company):
    owner, other = sign_in(app, "demo-owner"), sign_in(app, "demo-member")
    assert "Nothing waits to be confirmed" in owner.get(CONFIRM).text
    age_all(company, 170)
    assert re.search(r"17 entries of yours to confirm by", owner.get("/").text)
    assert other.get(CONFIRM).status_code == 403
    page = owner.get(CONFIRM).text
    ticks = read_ticks(page)
    assert len(ticks) == 17
    assert page.count(" checked") == 17
    with company.unit(write=True) as session:
        change = Change("/metadata/annotations/plumbline.dev~1contact-on-call", "#cart")
        edit_entity(session, CLI, CART, changes=[change], version=None, now=utc_now())
    again = post(owner, CONFIRM, entry=ticks)
    assert again.status_code == 200
    assert "1 entry has changed since you opened the page" in again.text
    assert len(read_ticks(again.text)) == 1
    assert "#cart" in again.text
    assert post(other, CONFIRM, entry=read_ticks(again.text)).status_code == 403
    assert post(owner, CONFIRM, entry=read_ticks(again.text)).status_code == 303
    assert "entries of yours to confirm" not in owner.get("/").text
    assert list_acts(company, CART)[-1] == "ownership.confirm"
    panel = owner.get("/catalog/component/default/cart-service?tab=ownership").text
    assert "Noor van Heerden" in panel
    assert "#cart" in panel
    listed = owner.get("/api/v1/teams/default/checkout/confirmations?which=all").get_json()
    assert {item["state"] for item in listed["items"]} == {"confirmed"}


def test_confirming_as_json(app, company):
    owner, other = sign_in(app, "demo-owner"), sign_in(app, "demo-member")
    items = owner.get("/api/v1/teams/default/checkout/confirmations?which=all").get_json()["items"]
    seen = [{"ref": item["ref"], "seal": item["seal"]} for item in items[:2]]
    seen[1]["seal"] = "old"

    def send(client, body):
        token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/account").text)[1]
        return client.post("/api/v1/confirmations", json=body, headers={"X-CSRFToken": token})

    assert send(other, {"entries": seen}).status_code == 403
    assert send(owner, {"entries": []}).status_code == 422
    done = send(owner, {"entries": seen}).get_json()
    assert done == {"confirmed": [seen[0]["ref"]], "stale": [seen[1]["ref"]]}


def test_an_entry_changes_hands_when_the_other_side_accepts(app, company):
    owner, other, admin = (sign_in(app, f"demo-{name}") for name in ("owner", "member", "admin"))
    form = "/catalog/component/default/cart-service/hand-over"
    with company.unit(write=False) as session:
        theirs = other.get("/api/v1/entities?mine=yes").get_json()["items"][0]["owner"]
        assert session.scalar(select(Entity.id).where(Entity.ref == theirs))
    assert other.get(form).status_code == 403
    assert post(other, form, receiver=theirs).status_code == 403
    assert "No team is called" in post(owner, form, receiver="nobody").text
    assert post(owner, form).status_code == 422
    assert post(owner, form, receiver=theirs, note="You run it").status_code == 303
    assert post(owner, form, receiver=theirs).status_code == 409
    assert owner_of(company) == CHECKOUT
    accept_offer(company, owner, other, theirs)
    acts = list_acts(company, CART)
    assert acts[:2] == ["ownership.offer", "ownership.decline"]
    assert acts[-2:] == ["catalog.hand_over", "ownership.accept"]
    with company.unit(write=False) as session:
        laid = session.get(EntityOverlay, (CART, "/spec/owner"))
        assert laid.value == theirs.partition("/")[2]
    # A new owner is asked at once, and who gave it away has no say any more.
    assert "1 entry of yours to confirm now" in other.get("/").text
    assert owner.get(form).status_code == 403
    assert admin.get(form).status_code == 200


def accept_offer(company, owner, other, theirs):
    """Decline the first offer, then accept another; nobody else may."""
    with company.unit(write=False) as session:
        offer = session.scalars(select(Handover)).one()
    assert "offered to" in other.get("/").text
    assert "You run it" in other.get(f"/teams/{theirs.partition(':')[2]}/handovers").text
    assert post(owner, f"/handovers/{offer.id}/accept").status_code == 403
    assert post(owner, f"/handovers/{offer.id}/decline").status_code == 403
    assert post(other, f"/handovers/{offer.id}/withdraw").status_code == 403
    assert post(other, f"/handovers/{offer.id}/decline", word="No").status_code == 303
    assert "was declined by" in owner.get("/").text
    post(owner, "/catalog/component/default/cart-service/hand-over", receiver=theirs)
    assert post(other, f"/handovers/{offer.id + 1}/accept", word="Yes").status_code == 303
    assert owner_of(company) == theirs
    assert post(other, f"/handovers/{offer.id + 1}/accept").status_code == 409


def test_what_nobody_knows_goes_up_and_an_admin_says_whose(app, company):
    owner, admin = sign_in(app, "demo-owner"), sign_in(app, "demo-admin")
    form = "/catalog/component/default/cart-service/hand-over"
    post(owner, form, unknown="1")
    with company.unit(write=True) as session:
        offer = session.scalars(select(Handover)).one()
        assert (offer.receiver, offer.is_unknown) == ("group:default/buyer-experience", True)
        offer.receiver, offer.asked_at = None, utc_now() - timedelta(days=15)
    assert "1 entry waits for you to say whose" in admin.get("/").text
    assert "an admin has not answered for 1 entry of yours" in owner.get("/").text
    assert "Nobody knows whose" in admin.get("/teams/handovers").text
    assert "Nobody knows whose" not in owner.get("/teams/handovers").text
    # Nobody was asked, so not even a team of their own may be named by who answers for one.
    for team in ("payments", "checkout"):
        assert post(owner, f"/handovers/{offer.id}/accept", team=team).status_code == 403
    assert post(admin, f"/handovers/{offer.id}/accept").status_code == 422
    assert post(admin, f"/handovers/{offer.id}/accept", team="payments").status_code == 303
    assert owner_of(company) == PAYMENTS


def test_no_untrusted_word_says_who_is_above(app, company):
    owner = sign_in(app, "demo-owner")
    with company.unit(write=True) as session:
        session.execute(update(Entity).where(Entity.ref == CHECKOUT).values(source="stranger"))
        session.execute(
            update(Entity)
            .where(Entity.ref == "group:default/buyer-experience")
            .values(source="stranger")
        )
    post(owner, "/catalog/component/default/cart-service/hand-over", unknown="1")
    with company.unit(write=False) as session:
        assert session.scalars(select(Handover.receiver)).all() == [None]


def test_an_owner_that_changed_otherwise_gives_nothing_any_more(app, company):
    owner, other = sign_in(app, "demo-owner"), sign_in(app, "demo-member")
    theirs = other.get("/api/v1/entities?mine=yes").get_json()["items"][0]["owner"]
    post(owner, "/catalog/component/default/cart-service/hand-over", receiver=theirs)
    with company.unit(write=True) as session:
        change = Change("/spec/owner", "payments")
        edit_entity(session, CLI, CART, changes=[change], version=None, now=utc_now())
        offer = session.scalars(select(Handover)).one()
    assert post(other, f"/handovers/{offer.id}/accept").status_code == 409
    assert owner_of(company) == PAYMENTS
    assert "offered to" not in other.get("/").text


def remove_team(database, ref):
    with database.unit(write=True) as session:
        remove_entities(session, CLI, [ref], run_id=1, now=utc_now())
        refresh_dangling(session, CLI)
        refresh_all(session, "", utc_now())


def give(database, name, team):
    """Let somebody be in a team, as the trusted source would say."""
    with database.unit(write=True) as session:
        ref = {"demo-owner": "user:default/noor.van-heerden"}[name]
        change = Change("/spec/memberOf", [team])
        edit_entity(session, CLI, ref, changes=[change], version=None, now=utc_now())
        refresh_all(session, "", utc_now())


def test_what_a_gone_team_leaves_is_taken_over_by_the_team_above(app, company):
    above, other = sign_in(app, "demo-owner"), sign_in(app, "demo-member")
    give(company, "demo-owner", "buyer-experience")
    remove_team(company, CHECKOUT)
    assert "checkout is gone and leaves 17 entries to buyer-experience" in above.get("/").text
    shown = other.get("/catalog/component/default/cart-service").text
    assert "Its owner <code>group:default/checkout</code> is gone." in shown
    panel = other.get("/catalog/component/default/cart-service?tab=ownership").text
    assert "stood below" in panel
    assert "Take it over" not in panel
    assert (
        "Take it over for Buyer experience"
        in above.get("/catalog/component/default/cart-service?tab=ownership").text
    )
    page = "/teams/owner-gone"
    assert "cart-service" in other.get(f"{page}?team=checkout").text
    assert "Checkout" not in other.get(f"{page}?parent=money-and-trust").text
    assert post(other, f"{page}/take-over", ref=CART).status_code == 403
    assert post(above, f"{page}/take-over", ref=CART, team="payments").status_code == 403
    assert post(above, f"{page}/take-over", ref=CART).status_code == 303
    assert owner_of(company) == "group:default/buyer-experience"
    assert "ownership.adopt" in list_acts(company, CART)
    assert post(above, f"{page}/take-over", ref=CART).status_code == 409


def test_no_untrusted_word_makes_an_heir(app, company):
    above = sign_in(app, "demo-owner")
    give(company, "demo-owner", "buyer-experience")
    with company.unit(write=True) as session:
        session.execute(
            update(Entity)
            .where(Entity.ref.in_((CHECKOUT, "group:default/buyer-experience")))
            .values(source="stranger")
        )
    remove_team(company, CHECKOUT)
    assert "17 entries have an owner that is gone" in sign_in(app, "demo-admin").get("/").text
    listed = above.get("/api/v1/owners-gone").get_json()["items"]
    assert [(one["parent"], one["heir"]) for one in listed] == [
        ("group:default/buyer-experience", None)
    ]
    assert post(above, "/teams/owner-gone/take-over", ref=CART).status_code == 403
    with company.unit(write=False) as session:
        assert session.scalars(select(Confirmation)).all() == []
