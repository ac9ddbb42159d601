"""Every setting of the portal: read from the environment once, all problems reported together.

Adding one: a field here with a description, and `portal settings` and docs/settings.md follow
(a test compares them).
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping  # noqa: TC003 - pydantic reads annotations when it runs
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Json, ValidationError

from portal.errors import SetupError

PREFIX = "PORTAL_"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
LAST_PORT = 65535


def split_bind(bind: str) -> tuple[str, int]:
    """Return (host, port) of `host:port`; raises ValueError with the rule that is broken."""
    host, colon, port = bind.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (host and colon and port.isdigit() and 0 < int(port) < 65536):  # noqa: PLR2004 the number says it best here
        raise ValueError("write host:port, such as 127.0.0.1:8000")
    return host, int(port)


def _checked_bind(bind: str) -> str:
    host, _ = split_bind(bind)
    if host not in LOOPBACK:
        raise ValueError(
            "nobody can sign in yet, so the portal only binds to 127.0.0.1, localhost or ::1"
        )
    return bind


def _checked_url(url: str) -> str:
    if url.startswith(("sqlite:///", "postgresql+psycopg://")):
        return url
    for plain in ("postgres://", "postgresql://"):
        if url.startswith(plain):
            return f"postgresql+psycopg://{url.removeprefix(plain)}"
    raise ValueError("write sqlite:///PATH or postgresql://USER:PASSWORD@HOST/DATABASE")


@dataclass(frozen=True, slots=True)
class AllowedRange:
    """Addresses the portal may call although they are not public; `named` when ports are given."""

    network: IPv4Network | IPv6Network
    first_port: int = 1
    last_port: int = LAST_PORT
    named: bool = False


def parse_allow_list(text: str) -> tuple[AllowedRange, ...]:
    """Read `range[:port[-port]], …`; raises ValueError that names the wrong part and the fix."""
    return tuple(_read_range(part) for part in map(str.strip, text.split(",")) if part)


def _read_range(part: str) -> AllowedRange:
    network, ports = _split_range(part)
    try:
        read = ip_network(network)
    except ValueError:
        raise ValueError(f"`{part}`: {_explain_range(network)}") from None
    if ports is None:
        return AllowedRange(read)
    first, dash, last = ports.partition("-")
    if not all(_is_port(port) for port in ((first, last) if dash else (first,))):
        raise ValueError(f"`{part}`: a port is a number from 1 to {LAST_PORT}, such as 443")
    if dash and int(first) > int(last):
        raise ValueError(f"`{part}`: write the lower port first, such as 80-90")
    return AllowedRange(read, int(first), int(last or first), named=True)


def _split_range(part: str) -> tuple[str, str | None]:
    """Return the range and what follows as ports; IPv6 stands in brackets where ports follow."""
    if part.startswith("["):
        network, bracket, rest = part[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise ValueError(f"`{part}`: write IPv6 with a port as [::1]:443 or [fd00::/8]:443")
        return network, rest[1:] if rest else None
    if part.count(":") == 1:
        network, _, ports = part.partition(":")
        return network, ports
    return part, None


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text) <= LAST_PORT


def _explain_range(network: str) -> str:
    try:
        return f"the address has bits beyond its length; write {ip_network(network, strict=False)}"
    except ValueError:
        return "write an address or a range, such as 10.0.0.5 or 10.0.0.0/8; names are not allowed"


def _checked_allow_list(text: str) -> str:
    parse_allow_list(text)
    return text


Bind = Annotated[str, AfterValidator(_checked_bind)]
AllowList = Annotated[str, AfterValidator(_checked_allow_list)]
DatabaseUrl = Annotated[str, AfterValidator(_checked_url)]
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
    secret_key: str = Field(
        "",
        repr=False,
        description="Signs what the portal hands out (cursors, jobs). "
        "Default: made once and kept in the data folder.",
    )
    demo: bool = Field(default=True, description="Show the demo company in an empty portal.")
    web_workers: int = Field(1, ge=1, le=64, description="Web processes.")
    web_threads: int = Field(4, ge=1, le=64, description="Threads in each web process.")
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
    def resolved_database_url(self) -> str:
        """Return the database URL, the embedded default included."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'plumbline.db').absolute()}"


def read_environment() -> Mapping[str, str]:
    """Return the process environment; the only place that looks at it."""
    return os.environ


def share_metrics_folder(folder: Path) -> None:
    """Tell prometheus-client where the processes of one portal add up their numbers."""
    folder.mkdir(parents=True, exist_ok=True)
    for leftover in folder.glob("*.db"):
        leftover.unlink(missing_ok=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; raises SetupError that lists every problem at once."""
    source = read_environment() if environment is None else environment
    given = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in source.items()
        if name.startswith(PREFIX) and value != "" and not name.startswith("PORTAL_TEST_")
    }
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        lines = [_explain(problem) for problem in error.errors()]
        raise SetupError(
            "Settings are wrong:\n" + "\n".join(f"  {line}" for line in lines),
            fix="docs/settings.md lists every setting.",
        ) from None


def _explain(problem: Any) -> str:
    name = f"{PREFIX}{str(problem['loc'][0]).upper()}"
    if problem["type"] == "extra_forbidden":
        return f"{name}: no such setting"
    return f"{name}: {str(problem['msg']).removeprefix('Value error, ')}"


def prepare_data_dir(settings: Settings) -> None:
    """Create the data folder, private to its user; raises SetupError where that is not possible."""
    try:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = settings.data_dir / f".write-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise SetupError(
            f"The data folder {settings.data_dir} cannot be written: {error.strerror}.",
            fix="Set PORTAL_DATA_DIR to a folder this user may write.",
        ) from None


def find_secret_key(settings: Settings) -> str:
    """Return the signing key; makes and keeps one (mode 600) when none is set."""
    if settings.secret_key:
        return settings.secret_key
    path = settings.data_dir / "secret_key"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text("utf-8").strip()
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(secrets.token_urlsafe(48))
    return path.read_text("utf-8").strip()
