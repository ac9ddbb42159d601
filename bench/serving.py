"""Runs servers of this machine and loads them; times are milliseconds."""

from __future__ import annotations

import http.client
import socket
import statistics
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

RUNS = 5
CLIENTS = 8


@dataclass(frozen=True, slots=True)
class Figures:
    """Medians over the runs: p50 and p95 with one client, p50 and throughput with eight."""

    p50: float
    p95: float
    busy_p50: float
    rate: float
    spread: str

    def __str__(self) -> str:
        return (
            f"p50 {self.p50:.1f} ms, p95 {self.p95:.1f} ms alone; {self.rate:.0f}/s, "
            f"p50 {self.busy_p50:.1f} ms with {CLIENTS} clients ({self.spread})"
        )


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    command: list[str], environment: dict[str, str], port: int
) -> Iterator[tuple[int, float]]:
    """Run a server; yields its process id and the seconds until it answered."""
    began = time.perf_counter()
    log = Path(environment["PORTAL_DATA_DIR"]) / "bench.log"
    with log.open("ab") as file:
        process = subprocess.Popen(command, env=environment, stderr=file, stdout=file)
    try:
        while True:
            try:
                ask(port, "/-/ready")
                break
            except OSError:
                time.sleep(0.02)
        yield process.pid, time.perf_counter() - began
    finally:
        process.terminate()
        process.wait(timeout=15)


def ask(port: int, path: str, token: str = "") -> bytes:
    """Return the body of one answer; the API is asked with a token where there is one."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers=_make_headers(path, token))
    body = connection.getresponse().read()
    connection.close()
    return body


def _make_headers(path: str, token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token and path.startswith("/api/") else {}


def load(port: int, path: str, clients: int, seconds: float, token: str = "") -> list[float]:
    """Return the times of every answer that `clients` got within `seconds`."""
    times: list[float] = []
    end = time.perf_counter() + seconds
    headers = _make_headers(path, token)

    def work() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while (began := time.perf_counter()) < end:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != http.client.OK:
                raise SystemExit(f"{path} answered {answer.status}")
            times.append((time.perf_counter() - began) * 1000)

    threads = [threading.Thread(target=work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def measure(port: int, path: str, seconds: float, token: str = "") -> Figures:
    """Return the medians over five runs, with the spread of the throughput."""
    for _ in range(4):  # every worker has answered it once
        ask(port, path, token)
    alone = [load(port, path, 1, seconds, token) for _ in range(RUNS)]
    busy = [load(port, path, CLIENTS, seconds, token) for _ in range(RUNS)]
    rates = [len(times) / seconds for times in busy]
    return Figures(
        statistics.median(statistics.median(times) for times in alone),
        statistics.median(sorted(times)[int(len(times) * 0.95)] for times in alone),
        statistics.median(statistics.median(times) for times in busy),
        statistics.median(rates),
        f"{min(rates):.0f}-{max(rates):.0f}/s",
    )


def proportional_memory(pid: int) -> float:
    """Return MB of a process and all below it, shared pages counted once (PSS)."""
    total = 0.0
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            total = int(line.split()[1]) / 1024
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return total + sum(proportional_memory(int(child)) for child in children)
