"""A single address that holds descriptors, and what lies beside it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from portal.errors import InvalidInput, NotFound
from portal.infra.outbound import Ask, OutboundError
from portal.infra.outbound.calls import Limits
from portal.sources.core.paths import resolve_target
from portal.sources.core.trees import SourceDown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from portal.infra.outbound import Answer, Outbound
    from portal.sources.core.hosts import Remembered

# One file of at most 5 MB; a server that needs longer than this is taken for down.
LIMITS = Limits(total_seconds=30.0, body_bytes=6_000_000)
GONE = (404, 410)
REFUSED = (401, 403)
OK, NOT_MODIFIED = 200, 304


class UrlTree:
    """The file at an address; targets in it may name files beside and below it."""

    def __init__(self, document: UrlDocument, name: str, raw: bytes) -> None:
        self.key = document.url
        self._document = document
        self._held = {name: raw}
        self._name = name

    def list_files(self) -> Iterator[str]:
        """Yield the one file the address names."""
        yield self._name

    def read(self, path: str) -> bytes:
        """Return a file's bytes; one beside the first is fetched once."""
        if path not in self._held:
            self._held[path] = self._document.fetch(path)
        return self._held[path]

    def has(self, path: str) -> bool:
        """Whether there is such a file, which only fetching it can tell."""
        try:
            self.read(path)
        except NotFound:
            return False
        return True

    def resolve(self, base: str, target: str) -> str:
        """Return the path of `target` written in file `base`."""
        return resolve_target(base, target)

    def match(self, base: str, pattern: str) -> list[str]:
        """Refuse: what lies behind an address cannot be listed."""
        del base
        raise InvalidInput(
            f"{pattern} cannot be resolved: files behind an address cannot be listed.",
            fix="Name each file, or declare the repository as a source.",
        )


class UrlDocument:
    """An address as a source: asked with the validator it gave last time."""

    def __init__(
        self, outbound: Outbound, url: str, *, token: str, remembered: Remembered, ca_bundle: str
    ) -> None:
        self.url = url
        self._outbound = outbound
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._remembered = remembered
        self._ca_bundle = ca_bundle or None
        self._answer: Answer | None = None

    def find_version(self) -> tuple[str, str]:
        """Return the digest of what stands there, and no branch; raises SourceDown."""
        held = self._remembered.find("document") or {}
        answer = self._send(self.url, held.get("validators", {}))
        if answer.status == NOT_MODIFIED and held:
            return str(held["digest"]), ""
        if answer.status != OK:
            raise self._explain(answer)
        digest = hashlib.blake2b(answer.body, digest_size=16).hexdigest()
        self._answer = answer
        self._remembered.keep(
            "document", {"digest": digest, "validators": _read_validators(answer.headers)}
        )
        return digest, ""

    def open(self, version: str, patterns: Sequence[str]) -> UrlTree:
        """Return the file; raises SourceDown."""
        del version, patterns
        if self._answer is None:
            self._answer = self._send(self.url, {})
            if self._answer.status != OK:
                raise self._explain(self._answer)
        name = urlsplit(self.url).path.rpartition("/")[2] or "descriptor.yaml"
        return UrlTree(self, name, self._answer.body)

    def fetch(self, path: str) -> bytes:
        """Return what stands beside the address; raises NotFound or SourceDown."""
        beside = urljoin(self.url, path)
        if urlsplit(beside)[:2] != urlsplit(self.url)[:2]:
            raise InvalidInput(
                f"{path} leads out of this source.", fix="Only files beside the address are read."
            )
        answer = self._send(beside, {})
        if answer.status in GONE:
            raise NotFound(f"{path} does not exist.", fix="Check the path.")
        if answer.status != OK:
            raise self._explain(answer)
        return answer.body

    def _send(self, url: str, validators: Mapping[str, str]) -> Answer:
        try:
            return self._outbound.send(
                Ask(
                    "GET",
                    url,
                    {**self._headers, **validators},
                    limits=LIMITS,
                    ca_bundle=self._ca_bundle,
                )
            )
        except OutboundError as error:
            raise SourceDown(error.detail, fix=error.fix) from None

    def _explain(self, answer: Answer) -> SourceDown:
        host = urlsplit(self.url).hostname
        if answer.status in REFUSED:
            return SourceDown(
                f"{host} answered {answer.status}: it wants a token, or another one.",
                fix="Give the source a token that may read the file.",
            )
        if answer.status in GONE:
            return SourceDown(
                f"{host} answered {answer.status}: nothing stands at this address, or it wants "
                "a token.",
                fix="Correct the address, or give the source a token.",
            )
        return SourceDown(f"{host} answered {answer.status}.", fix="Try again later.")


def _read_validators(headers: Mapping[str, str]) -> dict[str, str]:
    names = {"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"}
    found = {asked: headers[given] for given, asked in names.items() if headers.get(given)}
    # A header that could not be sent back would break every later call.
    return {name: value for name, value in found.items() if json.dumps(value).isascii()}
