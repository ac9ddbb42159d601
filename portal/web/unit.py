"""One unit of work per request: opened on first use, committed below 400, else rolled back."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from flask import current_app, g, request
from sqlalchemy.orm import Session  # entry points take the type from here

from portal.infra.db import Database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask, Response

__all__ = [
    "Database",
    "Session",
    "get_database",
    "get_reader",
    "get_session",
    "install_units",
    "reading_unit",
    "short_unit",
    "survive",
]
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def install_units(app: Flask, database: Database) -> None:
    """Give every request of `app` its unit over `database`."""
    app.extensions["database"] = database
    app.after_request(_end_unit)
    app.teardown_request(_close_unit)


def get_database() -> Database:
    """Return the database of the running application."""
    database = current_app.extensions["database"]
    if not isinstance(database, Database):
        raise TypeError("this application has no database")
    return database


def get_session() -> Session:
    """Return the session of this request; a safe method gets one that cannot write."""
    if "session" not in g:
        g.session = get_database().open_session(write=request.method not in SAFE_METHODS)
        g.session.info.update(origin=g.get("origin"))
    session = g.session
    if not isinstance(session, Session):
        raise TypeError("g.session holds something else")
    return session


def get_reader() -> Session:
    """Return a session that cannot write, whatever the method: for a POST that only asks."""
    if "session" not in g:
        g.session = get_database().open_session(write=False)
    return get_session()


@contextmanager
def reading_unit() -> Iterator[Session]:
    """Run a unit that cannot write: this request's own where it only reads, else a short one.

    The request's own stays open until it is answered, so nothing outside may be called meanwhile.
    """
    if request.method in SAFE_METHODS:
        yield get_session()
        return
    with get_database().unit(write=False) as own:
        yield own


@contextmanager
def short_unit() -> Iterator[Session]:
    """Run a writing unit that ends before the request does, such as before a call to the outside.

    It takes the place of the request's own unit, which must not be open meanwhile.
    """
    with get_database().unit(write=True) as own:
        own.info.update(origin=g.get("origin"))
        yield own


def survive(act: Callable[[Session], None]) -> None:
    """Do `act` in a short unit of its own once this request's unit has ended, however it ended."""
    g.setdefault("survivors", []).append(act)


def _end_unit(response: Response) -> Response:
    session = g.get("session")
    if session is not None and response.status_code < 400:  # noqa: PLR2004 the number says it best here
        session.commit()
    elif session is not None:
        session.rollback()
    for act in g.pop("survivors", ()):
        with short_unit() as own:
            act(own)
    return response


def _close_unit(_error: BaseException | None) -> None:
    session = g.pop("session", None)
    if session is not None:
        session.close()
