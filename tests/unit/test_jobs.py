"""The jobs page, its buttons and its JSON: who may, what it says, what it asks of the database."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from portal.audit.jobs import SEAL
from portal.audit.models import AuditEntry
from portal.catalog.jobs import FORGET_TOMBSTONES
from portal.infra import work
from portal.infra.clock import utc_now
from portal.infra.queue import Queue, QueueSetup
from portal.jobs.core import say_duration, say_every, say_slot, say_wait
from portal.jobs.jobs import FORGET
from tests.unit.test_people import add, enter, post
from tests.unit.test_sign_in import make_token

ERROR = "RuntimeError: <b>no disk</b>"


@pytest.fixture
def boss(app, database):
    add(database, "boss", "admin")
    return enter(app, database, "boss")


def put_run(session, topic=SEAL, outcome="done", subject="s", **values):
    now = utc_now()
    run = work.JobRun(
        topic=topic,
        subject=subject,
        consumer=topic,
        worker="host:1",
        attempt=1,
        started_at=now - timedelta(minutes=2),
        finished_at=None if outcome == "running" else now - timedelta(minutes=2) / 2,
        outcome=outcome,
        **values,
    )
    session.add(run)
    session.flush()


def put_failing(database, count=1, topic=FORGET_TOMBSTONES):
    with database.unit(write=True) as session:
        now = utc_now()
        for number in range(count):
            work.publish(session, topic, str(number), due_at=now)
        for row in work.list_due(session, now=now, limit=count):
            held = work.claim(session, row, worker="host:1", now=now)
            work.give_back(session, held, error=ERROR, now=now)
        return session.scalar(select(work.Work.id).where(work.Work.attempts > 0).limit(1))


def put_worker(database, name="host:1", age=0):
    with database.unit(write=True) as session:
        seen = utc_now() - timedelta(seconds=age)
        work.beat(session, name, started_at=seen, threads=4, now=seen)


def list_acts(database):
    with database.unit(write=False) as session:
        query = select(AuditEntry).where(AuditEntry.action.startswith("jobs."))
        return [(a.action, a.subject, a.after) for a in session.scalars(query)]


def read_rows(database):
    with database.unit(write=False) as session:
        return list(session.scalars(select(work.Work)))


def test_an_empty_portal_says_that_nothing_works(boss):
    page = boss.get("/admin/jobs").text
    assert "No worker has reported yet." in page
    assert "portal worker" in page
    assert "Nothing ran yet" in page
    for job in (SEAL, FORGET):
        assert job in page
    assert "every 5 seconds" in page
    assert "every hour" in page


@pytest.mark.parametrize(
    ("age", "silent", "state"),
    [(0, False, "reports"), (100, False, "silent"), (200, True, "silent")],
)
def test_silence_is_told_after_three_minutes(database, boss, age, silent, state):
    put_worker(database, age=age)
    page = boss.get("/admin/jobs").text
    assert ("No worker has reported for 3 minutes" in page) == silent
    assert f">{state}<" in page
    found = boss.get("/api/v1/jobs", headers=make_token(database, "boss", "jobs:read")).get_json()
    assert found["is_silent"] == silent
    assert found["workers"][0]["is_reporting"] == (state == "reports")


def test_what_fails_is_shown_with_why_and_when(database, boss):
    put_failing(database)
    page = boss.get("/admin/jobs").text
    assert "Failing" in page
    assert "RuntimeError: &lt;b&gt;no disk&lt;/b&gt;" in page
    assert re.search(r"in \d s", page)
    found = boss.get("/api/v1/jobs", headers=make_token(database, "boss", "jobs:read")).get_json()
    [row] = found["failing"]
    assert (row["error"], row["attempts"], found["failing_total"]) == (ERROR, 1, 1)
    [job] = [job for job in found["jobs"] if job["topic"] == FORGET_TOMBSTONES]
    assert (job["failing"], job["waiting"], job["due"], job["every_seconds"]) == (1, 1, 0, None)
    assert job["last"]["outcome"] == "failed"


def test_run_now_asks_once_and_is_on_record(database, boss):
    for _ in range(2):
        answer = post(boss, f"/admin/jobs/{SEAL}/run")
        assert (answer.status_code, answer.location) == (303, "/admin/jobs")
    assert f"{SEAL} is asked for" in boss.get("/admin/jobs").text
    [row] = read_rows(database)
    assert row.topic == SEAL
    assert row.due_at <= utc_now()
    assert list_acts(database) == [("jobs.run", f"job:{SEAL}", None)] * 2
    assert post(boss, f"/admin/jobs/{FORGET_TOMBSTONES}/run").status_code == 404
    assert post(boss, "/admin/jobs/none/run").status_code == 404
    key = make_token(database, "boss", "jobs:write")
    asked = boss.post(f"/api/v1/jobs/{FORGET}/run", headers=key)
    assert asked.get_json() == {"topic": FORGET, "asked": True}
    assert len(read_rows(database)) == 2
    only_read = make_token(database, "boss", "jobs:read")
    assert boss.post(f"/api/v1/jobs/{FORGET}/run", headers=only_read).status_code == 403


def test_what_was_asked_for_is_done(settings, database, app, boss):
    post(boss, f"/admin/jobs/{FORGET}/run")
    queue = Queue(QueueSetup(settings.data_dir, "q" * 32), database, app.extensions["metrics"])
    assert queue.sweep() == 1
    assert queue.long.do_next()  # it opens units of its own, so it stands in the lane of long work
    page = boss.get("/admin/jobs").text
    assert ">done<" in page
    key = make_token(database, "boss", "jobs:read")
    [run] = boss.get("/api/v1/jobs/runs", headers=key).get_json()["items"]
    assert (run["topic"], run["subject"], run["outcome"]) == (FORGET, "asked for", "done")
    assert run["duration_seconds"] >= 0
    asked = [row for row in read_rows(database) if row.subject == "asked for"]
    assert asked == []


def test_try_again_makes_it_due_and_leaves_what_is_in_hand(database, boss):
    row_id = put_failing(database)
    assert post(boss, f"/admin/jobs/rows/{row_id}/try-again").status_code == 303
    with database.unit(write=True) as session:
        assert work.list_due(session, now=utc_now()) == [row_id]
        work.claim(session, row_id, worker="w", now=utc_now())
    [(action, subject, after)] = list_acts(database)
    assert (action, subject) == ("jobs.try_again", f"job:{FORGET_TOMBSTONES}")
    assert after == {"subject": "0", "consumer": FORGET_TOMBSTONES, "attempts": 1}
    assert post(boss, f"/admin/jobs/rows/{row_id}/try-again").status_code == 409
    assert post(boss, "/admin/jobs/rows/999999/try-again").status_code == 404
    assert len(list_acts(database)) == 1


@pytest.mark.parametrize("role", ["viewer", "member", "auditor"])
def test_it_is_for_admins_alone(app, database, role):
    add(database, "ana", role)
    client = enter(app, database, "ana")
    row_id = put_failing(database)
    assert client.get("/admin/jobs").status_code == 403
    assert post(client, f"/admin/jobs/{SEAL}/run").status_code == 403
    assert post(client, f"/admin/jobs/rows/{row_id}/try-again").status_code == 403
    assert "/admin/jobs" not in client.get("/account").text
    assert list_acts(database) == []
    assert app.test_client().get("/admin/jobs").status_code == 303


def test_forms_need_their_token(database, boss):
    for url in (f"/admin/jobs/{SEAL}/run", f"/api/v1/jobs/{SEAL}/run"):
        assert boss.post(url).status_code == 400
    assert read_rows(database) == []


def test_runs_are_filtered_and_paged(database, boss):
    with database.unit(write=True) as session:
        for number in range(7):
            put_run(session, subject=f"seal {number}")
        put_run(session, FORGET, "failed", error=ERROR)
        put_run(session, FORGET, "running")
    key = make_token(database, "boss", "jobs:read")

    def find(**query):
        return boss.get("/api/v1/jobs/runs", query_string=query, headers=key).get_json()

    assert [run["outcome"] for run in find(topic=FORGET)["items"]] == ["running", "failed"]
    assert [run["error"] for run in find(outcome="failed")["items"]] == [ERROR]
    running = find(outcome="running")["items"][0]
    assert (running["finished_at"], running["duration_seconds"]) == (None, None)
    seen, query = [], {"topic": SEAL, "limit": 3}
    while True:
        page = find(**query)
        seen += [run["subject"] for run in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert seen == [f"seal {number}" for number in reversed(range(7))]
    for wrong in ("outcome=odd", "limit=0", "cursor=x", "who=me"):
        assert boss.get(f"/api/v1/jobs/runs?{wrong}", headers=key).status_code == 422
        assert boss.get(f"/admin/jobs?{wrong}").status_code == 422
    page = boss.get("/admin/jobs?outcome=failed").text
    assert "seal 6" not in page.partition('id="runs"')[2]
    assert "No run matches" in boss.get("/admin/jobs?outcome=lost").text
    assert "Next page" in boss.get("/admin/jobs?limit=3").text


def count_queries(database, client):
    asked = []

    def note(*row):
        asked.append(row[2])

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        assert client.get("/admin/jobs").status_code == 200
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
    return len(asked)


def test_the_page_asks_as_much_whatever_there_is(database, boss):
    put_worker(database)
    put_failing(database)
    with database.unit(write=True) as session:
        put_run(session)
    boss.get("/admin/jobs")  # what a process keeps between requests
    few = count_queries(database, boss)
    put_failing(database, 90)
    for number in range(9):
        put_worker(database, f"host:{number}")
    with database.unit(write=True) as session:
        for _ in range(100):
            put_run(session)
    assert count_queries(database, boss) == few
    page = boss.get("/admin/jobs").text
    assert "The next 50 to be tried" in page


def test_metrics_tell_what_waits(database, app):
    put_worker(database)
    put_failing(database, 2)
    with database.unit(write=True) as session:
        work.publish(session, SEAL, "x", due_at=utc_now() - timedelta(seconds=30))
    asked = []
    event.listen(database.engine, "before_cursor_execute", lambda *row: asked.append(row[2]))
    text = app.test_client().get("/-/metrics").text
    assert "plumbline_work_waiting 3.0" in text
    assert "plumbline_work_due 1.0" in text
    assert re.search(r"plumbline_work_oldest_due_seconds 3\d\.", text)
    assert "plumbline_workers_alive 1.0" in text
    assert len([statement for statement in asked if "work" in statement]) == 1


def test_words():
    seconds = (5, 60, 300, 3600, 7200, 86_400, 90)
    assert [say_every(number) for number in seconds] == [
        *("every 5 seconds", "every minute", "every 5 minutes", "every hour", "every 2 hours"),
        *("every day", "every 90 seconds"),
    ]
    lasted = (0.0042, 1.25, 61, 125, 3600, 90_061, -1)
    assert [say_duration(timedelta(seconds=number)) for number in lasted] == [
        *("4 ms", "1.2 s", "1 min 1 s", "2 min 5 s", "1 h", "1 d 1 h", "0 ms"),
    ]
    assert say_slot(1_772_366_405) == "slot 2026-03-01 12:00:05 UTC"
    assert say_wait(timedelta(seconds=61)) == "in 1 min 1 s"
    assert say_wait(timedelta(seconds=-3)) == "now"
