"""Structured logs: one line per event on stderr, with the request id, never with a secret."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from collections.abc import MutableMapping

HIDDEN = "[hidden]"
# Words that say secret wherever they stand in a name, and names that say it only as a whole:
# `status_code` and `state_of_work` are harmless.
NAME_PARTS = (
    "password|passwd|passphrase|secret|token|authori[sz]ation|cookie|credential|verifier|assertion"
    "|api[_-]?key|private[_-]?key"
)
WHOLE_NAMES = "code|state|nonce|otp|jwt|(?:auth|device|user|recovery|login|one_time)_code"
SECRET_NAMES = re.compile(rf".*(?:{NAME_PARTS}).*|{WHOLE_NAMES}", re.IGNORECASE | re.DOTALL)
CREDENTIALS_IN_URL = re.compile(r"(://[^/\s:@]*):[^/\s@]+@")
SECRETS_IN_TEXT = (
    # headers as they are printed
    re.compile(r"(\b(?:Bearer|Basic)\s{1,3})[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE),
    re.compile(r"(\bCookie['\"]?:\s{0,3}['\"]?)[^'\"\r\n]+", re.IGNORECASE),
    # name=value and "name": "value", as form bodies and JSON carry them
    re.compile(
        rf"((?:{NAME_PARTS})[\w-]{{0,40}}['\"]?\s{{0,3}}[:=]\s{{0,3}}['\"]?)[^&\s\"'#,}}]+",
        re.IGNORECASE,
    ),
    # what the sign-in service sends back in an address
    re.compile(rf"([?&](?:{WHOLE_NAMES})=)[^&\s\"'#]+", re.IGNORECASE),
)
# Every pattern above wants one of these between what says secret and the secret.
BEFORE_SECRETS = re.compile(r"[\s:=]")


def hide_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Any:
    """Blank values whose name says secret at any depth, and secrets inside texts."""
    for name, value in event.items():
        event[name] = _hide(name, value)
    return event


def blank_secrets(value: Any) -> Any:
    """Return a value with what its names or its texts give away as secret left out."""
    return _hide("", value)


def _hide(name: object, value: Any) -> Any:
    if isinstance(name, str | bytes) and _is_secret(name):
        return HIDDEN
    if isinstance(value, str | bytes):
        return _hide_in_text(_as_text(value))
    if isinstance(value, Mapping):
        return {key: _hide(key, inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_hide_item(inner) for inner in value]
    return value


@lru_cache(1024)  # every line has the same few names
def _is_secret(name: str | bytes) -> bool:
    return SECRET_NAMES.fullmatch(_as_text(name)) is not None


def _hide_item(item: Any) -> Any:
    """Blank one of several; pairs are taken for a name and its value, as headers are listed."""
    if isinstance(item, tuple) and len(item) == 2:  # noqa: PLR2004 the number says it best here
        return [item[0], _hide(item[0], item[1])]
    return _hide("", item)


def _as_text(value: str | bytes) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _hide_in_text(text: str) -> str:
    if not BEFORE_SECRETS.search(text):
        return text
    if "://" in text:
        text = CREDENTIALS_IN_URL.sub(rf"\1:{HIDDEN}@", text)
    for pattern in SECRETS_IN_TEXT:
        text = pattern.sub(rf"\1{HIDDEN}", text)
    return text


def configure_logs(level: str, shape: str) -> None:
    """Set up logging for this process; libraries' records take the same way out."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # A traceback is text too, so it is written out before secrets are blanked.
    last: list[Any] = [structlog.processors.format_exc_info, hide_secrets]
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if shape == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, *last, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *last,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(number, logging.WARNING))


def get_logger(name: str) -> Any:
    """Return a structured logger bound to `name`."""
    return structlog.get_logger(component=name)
