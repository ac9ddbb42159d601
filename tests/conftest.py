"""What every suite shares: an application over a real, migrated database of its own."""

from __future__ import annotations

import gc
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from argon2 import PasswordHasher, profiles
from jinja2 import BytecodeCache
from werkzeug.routing import Rule

from portal.auth.core import passwords
from portal.factory import application
from portal.factory.application import create_app
from portal.settings import Settings
from tests.databases import STATES, Shelf, pick_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType

    from flask import Flask
    from jinja2.bccache import Bucket

    from portal.infra.db import Database

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _push_request_context() -> None:
    """Take pytest-flask's place: its one context for a whole test would share `g` by requests."""


def pytest_collection_finish() -> None:
    """Take what was imported out of every later look for garbage: it is there to stay."""
    gc.freeze()


class Compiled(BytecodeCache):
    """Keeps what Jinja made of a template, by its name and text, for the next application."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self.kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.kept[bucket.key, bucket.checksum] = bucket.code


@pytest.fixture(scope="session", autouse=True)
def _compile_templates_once() -> Iterator[None]:
    """Let the applications of one process share compiled templates; half of a start is that."""
    set_up, compiled = application.set_up_jinja, Compiled()

    def set_up_with_cache(app: Flask) -> None:
        set_up(app)
        app.jinja_options["bytecode_cache"] = compiled

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(application, "set_up_jinja", set_up_with_cache)
        yield


@pytest.fixture(scope="session", autouse=True)
def _compile_addresses_once() -> Iterator[None]:
    """Let rules that read alike share what builds their addresses; most of the rest is that."""
    compile_builder, kept = Rule._compile_builder, {}  # noqa: SLF001 there is no public way

    def look_up(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:  # noqa: FBT001, FBT002 as there
        key = (rule.rule, str(rule._trace), str(rule.defaults), append_unknown)  # noqa: SLF001 same
        if key not in kept:
            kept[key] = compile_builder(rule, append_unknown)
        return kept[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "_compile_builder", look_up)
        yield


@pytest.fixture(scope="session", autouse=True)
def real_hasher() -> Iterator[PasswordHasher]:
    """Hash passwords as argon2 does at its cheapest; what this yields takes a tenth of a second."""
    with pytest.MonkeyPatch.context() as patch:
        real = passwords.HASHER
        patch.setattr(passwords, "HASHER", PasswordHasher.from_parameters(profiles.CHEAPEST))
        yield real


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(
        data_dir=tmp_path,
        database_url=pick_url(tmp_path),
        log_level="error",
        secret_key="test" * 8,
        anonymous_read=True,
    )


@pytest.fixture(scope="session")
def shelf(tmp_path_factory) -> Shelf:
    """Databases in each state that tests begin with, made once by each process."""
    return Shelf(tmp_path_factory.mktemp("shelf"))


@pytest.fixture
def database(request, settings, shelf) -> Iterator[Database]:
    """A migrated database: empty, or as `demo` or `demo_people` say where one of them is asked."""
    [state] = [name for name in STATES if name in request.fixturenames] or [""]
    found = shelf.open(settings, state)
    yield found
    found.dispose()


@pytest.fixture
def demo(database) -> Database:
    """A database with the demo company in it."""
    return database


@pytest.fixture
def demo_people(database) -> Database:
    """A database with the demo company in it, believed about its people, some with accounts."""
    return database


@pytest.fixture
def app(settings, database):
    return create_app(settings, database)


@pytest.fixture
def client(app):
    """A browser of its own; pytest-flask's keeps a request's context open for the next one."""
    return app.test_client()
