"""Every setting of the portal: read from the environment once, all problems reported together.

Adding one: a field here with a description, and `portal settings` and docs/settings.md follow
(a test compares them).
"""

from __future__ import annotations

import os
from collections.abc import Mapping  # noqa: TC003 - pydantic reads annotations when it runs
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Json,
    ValidationError,
    model_validator,
)

from portal.errors import SetupError
from portal.settings.checks import (
    checked_base_url,
    checked_bind,
    checked_key,
    checked_redis,
    checked_url,
    split_bind,
    split_keys,
)
from portal.settings.outbound import AllowList
from portal.settings.providers import NameList, ProviderSettings

PREFIX = "PORTAL_"
PROVIDER = "oidc_"
LOOPBACK = ("127.0.0.1", "localhost", "::1")


BaseUrl = Annotated[str, AfterValidator(checked_base_url)]
Bind = Annotated[str, AfterValidator(checked_bind)]
SecretKey = Annotated[str, AfterValidator(checked_key)]
SecretKeys = Annotated[tuple[SecretKey, ...], BeforeValidator(split_keys)]
DatabaseUrl = Annotated[str, AfterValidator(checked_url)]
RedisUrl = Annotated[str, AfterValidator(checked_redis)]
Words = Json[dict[str, str]] | dict[str, str]


class Settings(BaseModel):
    """All settings, typed and frozen; field `x_y` is read from `PORTAL_X_Y`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bind: Bind = Field("127.0.0.1:8000", description="Address the portal listens on, `host:port`.")
    data_dir: Path = Field(Path("var"), description="Folder for everything the portal keeps.")
    database_url: DatabaseUrl = Field(
        "",
        validate_default=False,
        description="Database: `sqlite:///PATH` or `postgresql://…`. "
        "Default: SQLite under the data folder.",
    )
    secret_key: SecretKey = Field(
        "",
        repr=False,
        description="Signs what the portal hands out (cursors, jobs) and encrypts stored secrets; "
        "at least 32 random characters. Default: made once and kept in the data folder.",
    )
    secret_key_fallbacks: SecretKeys = Field(
        (),
        repr=False,
        description="Older secret keys, comma separated, newest first: still read, never written.",
    )
    base_url: BaseUrl = Field(
        "",
        validate_default=False,
        description="Address people open, `https://HOST`. Default: `http://` and the bind address; "
        "needed when the portal binds to more than loopback.",
    )
    allowed_hosts: NameList = Field(
        (), description="Further host names the portal answers to, separated by commas."
    )
    trusted_proxies: int = Field(
        0, ge=0, le=10, description="Proxies in front whose X-Forwarded headers are believed."
    )
    demo: bool = Field(
        default=True,
        description="Show the demo company in an empty portal and offer its accounts for sign-in. "
        "Only on loopback, without a proxy or a name that leads others here.",
    )
    anonymous_read: bool = Field(
        default=False, description="Let visitors read the catalog without signing in."
    )
    local_accounts: bool = Field(
        default=True, description="Let people sign in with a password kept by the portal."
    )
    session_idle_minutes: int = Field(
        720, ge=5, le=43_200, description="A session ends after so many minutes without a request."
    )
    session_hours: int = Field(
        168, ge=1, le=8760, description="A session ends so many hours after sign-in."
    )
    recent_minutes: int = Field(
        15, ge=1, le=1440, description="How fresh a sign-in sensitive changes ask for, in minutes."
    )
    requests_per_minute: int = Field(
        6000, ge=0, description="Requests of one account or address in a minute; 0: no limit."
    )
    redis_url: RedisUrl = Field(
        "",
        repr=False,
        description="Redis that counts requests and carries background work for all processes, "
        "`redis://HOST:PORT/NUMBER`. Default: memory, and a file in the data folder.",
    )
    providers: tuple[ProviderSettings, ...] = Field(
        (), description="Identity providers; see below."
    )
    web_workers: int = Field(1, ge=1, le=64, description="Web processes.")
    web_threads: int = Field(4, ge=1, le=64, description="Threads in each web process.")
    embedded_worker: bool = Field(
        default=True,
        description="Let `portal serve` do background work too; off where `portal worker` does it.",
    )
    job_threads: int = Field(
        4,
        ge=1,
        le=64,
        description="Threads of a worker; half of them are kept for work that takes minutes.",
    )
    shutdown_seconds: int = Field(
        8, ge=1, le=9, description="Longest wait for running requests and jobs at the end."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe log line that is written."
    )
    log_format: Literal["json", "text"] = Field("json", description="Shape of log lines.")
    undo_hours: int = Field(
        72, ge=1, le=8760, description="How long removed entities can be brought back, in hours."
    )
    outbound_allow: AllowList = Field(
        "",
        description="Inner addresses the portal may call: `range[:port[-port]]`, comma-separated. "
        "Public ones need no entry.",
    )
    source_folders: str = Field(
        "",
        description="Folders of this machine that sources may be declared for, comma-separated. "
        "Default: none.",
    )
    source_ca_file: str = Field(
        "",
        description="File of certificates that sources are trusted by, for hosts with an authority "
        "of their own. Default: the public ones.",
    )
    type_classes: Words = Field(
        default_factory=dict,
        description='Own words for `spec.type`, as JSON: `{"lambda": "job"}`.',
    )
    lifecycle_stages: Words = Field(
        default_factory=dict,
        description='Own words for `spec.lifecycle`, as JSON: `{"ga": "production"}`.',
    )
    tier_words: Words = Field(
        default_factory=dict,
        description='Own words for tiers, as JSON: `{"gold": "1"}`.',
    )

    @property
    def folders_of_sources(self) -> tuple[str, ...]:
        """Return the folders of this machine that sources may be declared for."""
        return tuple(part.strip() for part in self.source_folders.split(",") if part.strip())

    @model_validator(mode="after")
    def _check_exposure(self) -> Settings:
        is_loopback = split_bind(self.bind)[0] in LOOPBACK
        if self.demo and not self.is_private:
            raise ValueError(
                "PORTAL_DEMO: the demo's accounts have no password, so it only runs on loopback, "
                "without PORTAL_TRUSTED_PROXIES and with no name in PORTAL_BASE_URL or "
                "PORTAL_ALLOWED_HOSTS that leads others here; set PORTAL_DEMO=0"
            )
        if not is_loopback and not self.base_url:
            raise ValueError("PORTAL_BASE_URL: say which address people open, as https://HOST")
        return self

    @property
    def is_loopback(self) -> bool:
        """Whether the portal listens on this machine only."""
        return split_bind(self.bind)[0] in LOOPBACK

    @property
    def is_private(self) -> bool:
        """Whether only this machine reaches the portal: no proxy and no name leads others here."""
        names = (urlsplit(self.base_url).hostname or LOOPBACK[0], *self.allowed_hosts)
        return (
            self.is_loopback
            and not self.trusted_proxies
            and all(name.lower() in LOOPBACK for name in names)
        )

    @property
    def public_url(self) -> str:
        """Return the address people open, without a slash at its end."""
        return self.base_url or f"http://{self.bind}"

    @property
    def hosts(self) -> tuple[str, ...]:
        """Return the host names the portal answers to."""
        own = urlsplit(self.public_url).hostname or ""
        local = LOOPBACK if self.is_loopback else ()
        return tuple(dict.fromkeys((own, *local, *self.allowed_hosts)))

    @property
    def resolved_database_url(self) -> str:
        """Return the database URL, the embedded default included."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'plumbline.db').absolute()}"


def read_environment() -> Mapping[str, str]:
    """Return the process environment; the only place that looks at it."""
    return os.environ


def share_metrics_folder(folder: Path, *, is_first: bool) -> None:
    """Tell prometheus-client where the processes of one portal add up their numbers.

    Whoever comes first takes away what an earlier start left.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for leftover in folder.glob("*.db") if is_first else ():
        leftover.unlink(missing_ok=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; raises SetupError that lists every problem at once."""
    source = read_environment() if environment is None else environment
    given: dict[str, Any] = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in source.items()
        if name.startswith(PREFIX) and value != "" and not name.startswith("PORTAL_TEST_")
    }
    given["providers"] = _take_providers(given)
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        lines = [_explain(problem, given) for problem in error.errors()]
        raise SetupError(
            "Settings are wrong:\n" + "\n".join(f"  {line}" for line in lines),
            fix="docs/settings.md lists every setting.",
        ) from None


def _take_providers(given: dict[str, Any]) -> list[dict[str, Any]]:
    """Take `oidc_<name>_<field>` out of the settings; returns one mapping per provider."""
    found: dict[str, dict[str, Any]] = {}
    for key in [key for key in given if key.startswith(PROVIDER)]:
        name, _, field = key.removeprefix(PROVIDER).partition("_")
        found.setdefault(name, {"name": name})[field] = given.pop(key)
    return [found[name] for name in sorted(found)]


def _explain(problem: Any, given: Mapping[str, Any]) -> str:
    place = problem["loc"]
    if place and place[0] == "providers":
        owner = given["providers"][place[1]]["name"]
        field = f"_{place[2]}" if len(place) > 2 else ""  # noqa: PLR2004 tuple, number, field
        name = f"{PREFIX}{PROVIDER}{owner}{field}".upper()
    else:
        name = f"{PREFIX}{str(place[0]).upper()}" if place else ""
    if problem["type"] == "extra_forbidden":
        return f"{name}: no such setting"
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"{name}: {message}" if name else message
