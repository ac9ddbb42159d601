"""The portal as processes: starts, heals, ends in time; a taken port is one line."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

PORTAL = str(Path(sys.executable).parent / "portal")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(check, seconds: float = 15):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if found := check():
                return found
        except requests.ConnectionError:
            pass
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")


def run(environment, *arguments):
    return subprocess.run(
        [PORTAL, *arguments], env=environment, text=True, capture_output=True, check=False
    )


@pytest.fixture
def environment(tmp_path):
    return {
        **os.environ,
        "PORTAL_DATA_DIR": str(tmp_path),
        "PORTAL_BIND": f"127.0.0.1:{free_port()}",
        "PORTAL_LOG_LEVEL": "warning",
        "PORTAL_ANONYMOUS_READ": "1",
    }


@pytest.fixture
def served(environment, tmp_path):
    with (tmp_path / "serve.log").open("wb") as log:
        process = subprocess.Popen([PORTAL, "serve"], env=environment, stderr=log)
        url = f"http://{environment['PORTAL_BIND']}"
        wait_for(lambda: requests.get(f"{url}/-/ready", timeout=2).ok)
        yield process, url
        process.kill()
        process.wait()


def children_of(pid: int) -> list[int]:
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_what_is_killed_outright_takes_its_children_along(served):
    process, url = served
    family = children_of(process.pid)
    family += [child for each in family for child in children_of(each)]
    assert len(family) >= 3
    process.kill()
    process.wait()
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in family))
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{url}/-/live", timeout=2)


def test_demo_is_served_and_everything_ends_in_time(served):
    process, url = served
    assert requests.get(f"{url}/api/v1/entities?kind=component", timeout=5).json()["total"] > 50
    family = children_of(process.pid)
    assert len(family) == 2
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=10)
    assert time.monotonic() - began < 10
    assert not [pid for pid in family if Path(f"/proc/{pid}").exists()]


def test_a_dead_child_is_restarted(served):
    process, url = served
    for victim in children_of(process.pid):
        os.kill(victim, signal.SIGKILL)
    wait_for(lambda: len(children_of(process.pid)) == 2)
    wait_for(lambda: requests.get(f"{url}/-/ready", timeout=2).ok)


def test_jobs_run(served, environment):
    _, url = served
    wait_for(
        lambda: (
            'plumbline_work_total{outcome="done",topic="audit.seal"}'
            in requests.get(f"{url}/-/metrics", timeout=5).text
        )
    )


def test_a_taken_port_is_one_line(environment):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        done = run({**environment, "PORTAL_BIND": bind}, "serve")
    assert done.returncode == 1
    assert bind in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("PORTAL_BIND", "0.0.0.0:8000", "PORTAL_DEMO"),
        ("PORTAL_WEB_WORKERS", "many", "PORTAL_WEB_WORKERS"),
        ("PORTAL_NONSENSE", "1", "no such setting"),
        ("PORTAL_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/x", "database"),
        ("PORTAL_DATA_DIR", "/proc/nowhere", "/proc/nowhere"),
    ],
)
def test_a_wrong_setting_is_said_and_no_traceback(environment, name, value, word):
    done = run({**environment, name: value}, "serve")
    assert done.returncode == 1
    assert word in done.stderr
    assert "Traceback" not in done.stderr


def test_check_needs_no_database(environment, tmp_path):
    good = tmp_path / "good.yaml"
    good.write_text(
        "apiVersion: backstage.io/v1alpha1\nkind: System\nmetadata: {name: a}\nspec: {owner: b}\n"
    )
    broken = {**environment, "PORTAL_DATABASE_URL": "nonsense"}
    done = run(broken, "catalog", "check", "--json", str(good))
    assert done.returncode == 0
    [document] = json.loads(done.stdout)["documents"]
    assert (document["ref"], document["status"]) == ("system:default/a", "ok")
    good.write_text("apiVersion: backstage.io/v1alpha1\nkind: System\nmetadata: {name: a b}\n")
    assert run(broken, "catalog", "check", str(good)).returncode == 1
    assert run(broken, "catalog", "check", str(tmp_path / "none")).returncode == 2


BAD_FILES = {
    "binary.yaml": os.urandom(5000),
    "huge.yaml": b"a: b\n" * 2_000_000,
    "deep.yaml": b"kind: A\nmetadata: " + b"[" * 100_000,
    "bomb.yaml": b"kind: A\nmetadata: {}\na0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
    + b"".join(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]\n".encode() for i in range(1, 12)),
    "passwd.yaml": b"apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: {name: l}\n"
    b"spec: {targets: [/etc/passwd, ../../etc/passwd]}\n",
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_files_are_refused_with_a_reason(environment, tmp_path, name):
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / name).write_bytes(BAD_FILES[name])
    done = run(environment, "catalog", "ingest", str(folder), "--json")
    assert done.returncode in (0, 1), done.stderr
    [outcome] = json.loads(done.stdout)["sources"]
    assert outcome["created"] == 0
    assert outcome["refused"] + outcome["skipped"] >= 1
    assert "root:" not in done.stdout
    assert "Traceback" not in done.stderr


def test_commands_of_a_day(environment, tmp_path):
    made = run(environment, "demo", "generate", "--entities", "60", "--output", str(tmp_path / "g"))
    assert made.returncode == 0, made.stderr
    assert run(environment, "catalog", "ingest", str(tmp_path / "g")).returncode == 0
    assert "192 new" in run(environment, "demo", "load").stdout
    assert "192 entities removed" in run(environment, "demo", "remove").stdout
    assert "192 entities are back" in run(environment, "catalog", "undo").stdout
    assert run(environment, "db", "status").returncode == 0
    assert run(environment, "db", "downgrade", "base").returncode == 0
    assert run(environment, "db", "status").returncode == 1
    assert run(environment, "db", "upgrade").returncode == 0
