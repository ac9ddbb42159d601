"""What tests of GitHub and GitLab share: providers, memory between runs, a hostile host."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from portal.infra.outbound import Gate, Limits, Outbound, Wire
from portal.settings.outbound import parse_allow_list
from portal.sources.core.host_credentials import HostCredential
from portal.sources.core.hosts import Remembered
from tests.standins.scm.server import Quiet

if TYPE_CHECKING:
    from portal.sources.core.hosts import FoundRepository
    from portal.sources.providers.github import GitHub
    from portal.sources.providers.gitlab import GitLab

PATTERNS = ("**/catalog-info.yaml",)


@dataclass
class Runs:
    """Makes one provider per run, as a job does; what is remembered goes through JSON."""

    kind: type[GitHub | GitLab]
    options: dict[str, Any]
    outbound: Outbound
    slept: list[float]
    memory: dict[str, Any] = field(default_factory=dict)
    host: Any = None
    remembered: Remembered | None = None

    def begin(self, **more: Any) -> Any:
        self.end()
        self.remembered = Remembered(json.loads(json.dumps(self.memory)))
        options = {**self.options, **more}
        self.host = self.kind(self.outbound, remembered=self.remembered, **options)
        return self.host

    def end(self) -> None:
        if self.remembered is not None:
            self.memory = self.remembered.list_used()

    def discover(self, **more: Any) -> dict[str, FoundRepository]:
        return {one.path: one for one in self.begin(**more).discover()}


def make_runs(kind: Any, **options: Any) -> Runs:
    slept: list[float] = []
    limits = Limits(total_seconds=1.5, read_seconds=0.7)
    gate = Gate(parse_allow_list("127.0.0.1"), limits, Wire(sleep=slept.append))
    return Runs(kind, options, Outbound(gate), slept)


def give(token: Any) -> HostCredential:
    return HostCredential(token=token.value)


class Answering:
    """A host that answers what a test wrote down, by path with or without its query."""

    def __init__(self) -> None:
        self.answers: dict[str, Response] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self._server = make_server("127.0.0.1", 0, self._answer, request_handler=Quiet)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def put(self, path: str, body: Any, status: int = 200, **headers: str) -> None:
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[path] = Response(text, status, named)

    def _answer(self, environ: dict[str, Any], start: Any) -> Any:
        request = Request(environ)
        self.asked.append((request.path, dict(request.headers)))
        whole = f"{request.path}?{request.query_string.decode()}"
        found = (
            self.answers.get(whole)
            or self.answers.get(request.path)
            or Response(b'{"message":"Not Found"}', 404)
        )
        return found(environ, start)
