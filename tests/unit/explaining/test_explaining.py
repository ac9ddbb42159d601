"""Why something is (not) here, as a table: what is asked, what is known, what has to be said."""

from __future__ import annotations

import pytest

from portal.sources.core.asked import read_asked
from portal.sources.core.declarations import Discovery
from portal.sources.core.explained import STAGES
from portal.sources.core.explaining import explain
from portal.sources.core.known import LeftOut
from tests.unit.explaining import (
    cases_documents,
    cases_files,
    cases_here,
    cases_names,
    cases_sources,
)
from tests.unit.explaining.worlds import (
    AGO,
    BILLING,
    BILLING_REPOSITORY,
    BY_HAND,
    FILE,
    HUB,
    LAB,
    MONO,
    PAGE,
    READ,
    TOOLS,
    WORLD,
    alter,
    change,
    declare,
    make_source,
    problem,
    with_file,
)

CASES = (
    *cases_here.CASES,
    *cases_sources.CASES,
    *cases_files.CASES,
    *cases_documents.CASES,
    *cases_names.CASES,
)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_case(case):
    found = explain(read_asked(case.text), case.known)
    stops = [step for step in found.steps if step.status == "stopped"]
    said = " ".join(f"{step.words} {step.fix}" for step in found.steps)
    assert [stops[0].stage if stops else ""] == [case.stage], said
    assert found.answer == case.answer, said
    for part in case.says:
        assert part in said
    if stops and stops[0].stage != "asked":
        assert found.headline == stops[0].words
        assert stops[0].fix, "whoever is stopped is told what to do"


def test_there_are_enough_cases():
    assert len(CASES) >= 40
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_steps_come_in_order_and_as_json(case):
    found = explain(read_asked(case.text), case.known)
    places = [STAGES.index(step.stage) for step in found.steps]
    if read_asked(case.text).kind not in ("reference", "name"):
        assert places == sorted(places)
    assert found.steps[0].stage == "asked"
    written = found.as_json()
    assert written["headline"] == found.headline != ""
    assert {step["status"] for step in written["steps"]} <= {"ok", "stopped", "unknown"}


def test_what_is_read_next_is_said():
    found = explain(read_asked(FILE), WORLD)
    read = next(step for step in found.steps if step.stage == "read")
    assert (read.status, read.at) == ("ok", READ)
    assert "2026-03-01 12:05" in read.words


def test_a_failure_does_not_hide_what_the_file_says():
    down = alter(BILLING_REPOSITORY, failing_since=AGO, failure="It is down.")
    known = with_file((None, "x"), entities=(), source=down, problems=(problem("yaml"),))
    found = explain(read_asked(FILE), known)
    assert [step.stage for step in found.steps if step.status == "stopped"] == ["read", "document"]
    assert found.headline.startswith("`acme/acme/billing` cannot be read")


def test_of_two_sources_that_hold_a_file_the_one_that_gets_furthest_is_told():
    twin = make_source(
        9, "twin", declare(TOOLS, address="https://github.com/acme/billing").declaration
    )
    found = explain(read_asked(FILE), change(source=twin))
    assert found.answer == "here"
    assert any("`twin`" in step.words for step in found.steps if step.stage == "source")


def test_steps_name_what_pages_can_link():
    found = explain(read_asked(FILE), WORLD)
    by_stage = {step.stage: step for step in found.steps}
    assert by_stage["source"].source_id == BILLING_REPOSITORY.id
    assert by_stage["document"].url == f"{HUB}/blob/main/catalog-info.yaml#L1"
    assert by_stage["catalog"].ref == BILLING


def test_filters_are_told_from_the_declaration():
    topics = declare(LAB, discovery=Discovery(topics=("live",)))
    left = LeftOut(LAB.id, "platform/infra/new", "it has none of the topics: live")
    found = explain(
        read_asked("https://gitlab.example.com/platform/infra/new"),
        change(source=topics, left_out=(left,)),
    )
    assert "topics: live" in found.headline
    assert "`lab`" in found.headline


def test_no_source_of_the_wrong_kind_claims_a_file():
    assert {PAGE.name, MONO.name, BY_HAND.name}.isdisjoint(
        word.strip("`") for word in explain(read_asked(FILE), WORLD).headline.split()
    )
