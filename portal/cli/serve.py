"""`portal serve`: one import of the application, then web processes and one that runs jobs."""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import click
from gunicorn.app.base import BaseApplication

from portal.cli.reading import ImpatientWorker
from portal.errors import SetupError
from portal.factory.application import create_app
from portal.factory.database import create_database
from portal.factory.tools import create_metrics
from portal.infra import migrate
from portal.infra.logs import get_logger
from portal.settings import Settings, load_settings
from portal.settings.checks import split_bind
from portal.worker import run_worker

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from flask import Flask

RESTART_PAUSE_SECONDS = 1.0
log = get_logger("serve")


class WebServer(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
    """Gunicorn around an application that is already imported."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Set gunicorn up from the portal's settings."""
        options: dict[str, Any] = {
            "bind": self._settings.bind,
            "workers": self._settings.web_workers,
            "worker_class": ImpatientWorker,
            "threads": self._settings.web_threads,
            "preload_app": True,
            "graceful_timeout": self._settings.shutdown_seconds,
            "timeout": 60,
            "keepalive": 15,
            "proc_name": "plumbline-web",
            "loglevel": "warning",
            "control_socket_disable": True,
            # PORTAL_TRUSTED_PROXIES alone says who is believed; gunicorn would believe loopback.
            "forwarded_allow_ips": "",
            "forwarder_headers": "",
            "secure_scheme_headers": {},
        }
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Flask:
        """Return the application that was imported before the fork."""
        return self._app


class Supervisor:
    """Keeps the children of this process running, passes signals on, ends everything in time.

    Killed outright it passes nothing on, so each child also listens to a pipe whose other end only
    this process holds: it closes with it, however it ends.
    """

    def __init__(self, children: dict[str, Callable[[], None]], grace_seconds: float) -> None:
        self._children = children
        self._grace = grace_seconds
        self._running: dict[int, str] = {}
        self._is_ending = False
        self._heard, self._held = os.pipe()

    def run(self) -> None:
        """Start every child and stay until a signal ends them all."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._end)
        for name in self._children:
            self._start(name)
        while not self._is_ending:
            ended, status = _wait()
            if ended in self._running:
                name = self._running.pop(ended)
                log.warning("child_ended", child=name, status=status)
                if not self._is_ending:
                    time.sleep(RESTART_PAUSE_SECONDS)
                    self._start(name)
        self._finish()

    def _start(self, name: str) -> None:
        pid = os.fork()
        if pid:
            self._running[pid] = name
            return
        os.close(self._held)
        threading.Thread(target=_end_with, args=(self._heard,), daemon=True).start()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        code = 0
        try:
            self._children[name]()
        except SystemExit as leave:
            code = leave.code if isinstance(leave.code, int) else 1
        except BaseException:
            log.exception("child_failed", child=name)
            code = 1
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _end(self, _signal: int, _frame: FrameType | None) -> None:
        self._is_ending = True
        for pid in self._running:
            os.kill(pid, signal.SIGTERM)

    def _finish(self) -> None:
        deadline = time.monotonic() + self._grace
        while self._running and time.monotonic() < deadline:
            ended, _ = os.waitpid(-1, os.WNOHANG)
            self._running.pop(ended, None)
            time.sleep(0.05)
        for pid in self._running:
            os.kill(pid, signal.SIGKILL)


def _end_with(pipe: int) -> None:
    """Wait until the process at the other end of `pipe` is gone, then end this one in order."""
    os.read(pipe, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def _wait() -> tuple[int, int]:
    """Wait a moment for a child to end; (0, 0) when none did."""
    ended, status = os.waitpid(-1, os.WNOHANG)
    if not ended:
        time.sleep(0.2)
    return ended, os.waitstatus_to_exitcode(status) if ended else 0


def _check_port(bind: str) -> None:
    host, port = split_bind(bind)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SetupError(
                f"{bind} cannot be used: {error.strerror}.",
                fix="Stop what listens there, or set PORTAL_BIND to another port.",
            ) from None


@click.command("serve")
def serve() -> None:
    """Serve the portal until SIGTERM or Ctrl-C."""
    settings = load_settings()
    _check_port(settings.bind)
    database = create_database(settings)
    migrate.upgrade(database)
    context = click.get_current_context()
    if settings.demo:
        context.obj.load_demo_once(database)
    metrics = create_metrics(settings)
    app = create_app(settings, database, metrics)
    database.dispose()
    gc.collect()
    gc.freeze()
    click.echo(f"Plumbline is at http://{settings.bind}", err=True)
    children: dict[str, Callable[[], None]] = {"web": lambda: WebServer(app, settings).run()}
    if settings.embedded_worker:
        children["jobs"] = lambda: run_worker(settings, database, metrics)
    Supervisor(children, settings.shutdown_seconds + 1).run()
