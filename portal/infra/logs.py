"""Structured logs: one line per event on stderr, with the request id, never with a secret."""

from __future__ import annotations

import logging
import re
import sys
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from collections.abc import MutableMapping

SECRET_NAMES = re.compile(r"password|secret|token|authori[sz]ation|cookie|api_?key", re.IGNORECASE)
CREDENTIALS_IN_URL = re.compile(r"(://[^/\s:@]*):[^/\s@]+@")


def hide_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Any:
    """Blank values whose name says secret, and passwords inside URLs."""
    for name, value in event.items():
        if SECRET_NAMES.search(name):
            event[name] = "[hidden]"
        elif isinstance(value, str) and "://" in value:
            event[name] = CREDENTIALS_IN_URL.sub(r"\1:[hidden]@", value)
    return event


def configure_logs(level: str, shape: str) -> None:
    """Set up logging for this process; libraries' records take the same way out."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        hide_secrets,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if shape == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, renderer],
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
                structlog.processors.format_exc_info,
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
