"""How work in hand learns that it should end."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_asked: ContextVar[Callable[[], bool] | None] = ContextVar("portal_is_stopping", default=None)


class Stopped(Exception):  # noqa: N818 reads as what happened
    """Raised by a flow that ends early because it was asked to; its row is free again at once."""


def is_stopping() -> bool:
    """Whether the worker ends, or this row's claim was lost: stop, and leave the rest to the next.

    Ask in the thread that was handed the flow. Outside a worker nobody is ever stopped.
    """
    ask = _asked.get()
    return ask is not None and ask()


def raise_if_stopping() -> None:
    """Raise Stopped where `is_stopping` says so: for flows, between two of their steps."""
    if is_stopping():
        raise Stopped


@contextmanager
def answering(ask: Callable[[], bool]) -> Iterator[None]:
    """Let `is_stopping` answer what `ask` says while the work in hand goes on."""
    token = _asked.set(ask)
    try:
        yield
    finally:
        _asked.reset(token)
