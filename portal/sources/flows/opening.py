"""From what is declared to what is read: the one place that knows which provider is which."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from portal.errors import PortalError, Unreadable
from portal.infra.vault import find_secret
from portal.sources.core.allowed import check_folder
from portal.sources.core.credentials import Credential
from portal.sources.core.declarations import FOLDER, GIT, GITHUB, URL
from portal.sources.core.file_pages import find_raw_address
from portal.sources.core.git_addresses import parse_git_address
from portal.sources.core.host_credentials import HostCredential
from portal.sources.core.trees import SourceDown
from portal.sources.providers.folder import Folder
from portal.sources.providers.git import GitRepository
from portal.sources.providers.github import GitHub
from portal.sources.providers.gitlab import GitLab
from portal.sources.providers.url import UrlDocument
from portal.sources.service.declaring import SECRETS, WEBHOOK, name_secret

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from portal.infra.outbound import Outbound
    from portal.infra.secrets import SecretBox
    from portal.sources.core.declarations import Declaration
    from portal.sources.core.hosts import FoundRepository, Host, Remembered
    from portal.sources.core.repositories import Repository
    from portal.sources.core.trees import Tree


@dataclass(frozen=True, slots=True)
class Tools:
    """What reading a source takes: the way outside, the key to its secrets, room for copies."""

    outbound: Outbound
    box: SecretBox
    folder: Path
    allowed: tuple[str, ...] = ()
    ca_bundle: str = ""


def read_secrets(session: Session, box: SecretBox, source_id: int) -> dict[str, str]:
    """Return the secrets a source is read with, by name; raises SourceDown for one that is lost."""
    names = [name for name in SECRETS if name != WEBHOOK]
    try:
        found = {name: find_secret(session, box, name_secret(source_id, name)) for name in names}
    except Unreadable as error:
        raise SourceDown(
            f"A secret of this source cannot be read: {error.detail}",
            fix="Give the secret key it was encrypted under, or enter it once more.",
        ) from None
    return {name: text for name, text in found.items() if text is not None}


def open_repository(
    tools: Tools,
    declaration: Declaration,
    source_id: int,
    *,
    secrets: Mapping[str, str],
    remembered: Remembered,
) -> Repository:
    """Return a single source as it is asked; raises SourceDown when it is declared wrongly."""
    if declaration.kind == FOLDER:
        return _FolderRepository(declaration, tools.allowed)
    if declaration.kind == URL:
        return UrlDocument(
            tools.outbound,
            find_raw_address(declaration.address),
            token=secrets.get("token", ""),
            remembered=remembered,
            ca_bundle=tools.ca_bundle,
        )
    if declaration.kind == GIT:
        return _open_git(tools, declaration, source_id, secrets)
    raise SourceDown(f"A source of kind {declaration.kind} cannot be read by itself.")


def _open_git(
    tools: Tools, declaration: Declaration, source_id: int, secrets: Mapping[str, str]
) -> Repository:
    try:
        address = parse_git_address(declaration.address)
    except PortalError as error:
        raise SourceDown(error.detail, fix=error.fix) from None
    credential = Credential(
        user=declaration.user,
        password=secrets.get("password", "") or secrets.get("token", ""),
        private_key=secrets.get("private_key", ""),
        host_key=declaration.host_key,
        ca_bundle=tools.ca_bundle,
    )
    folder = tools.folder / f"{source_id}.git"
    return GitRepository(
        tools.outbound, address, credential, branch=declaration.branch, folder=folder
    )


def open_host(
    tools: Tools,
    declaration: Declaration,
    *,
    secrets: Mapping[str, str],
    remembered: Remembered,
) -> Host:
    """Return an organisation as it is asked."""
    credential = HostCredential(
        token=secrets.get("token", ""),
        app_id=declaration.app_id,
        installation_id=declaration.installation_id,
        private_key=secrets.get("app_key", ""),
    )
    if declaration.kind == GITHUB:
        return GitHub(
            tools.outbound,
            api_url=declaration.address,
            organisation=declaration.organisation,
            credential=credential,
            remembered=remembered,
            ca_bundle=tools.ca_bundle,
        )
    return GitLab(
        tools.outbound,
        url=declaration.address,
        group=declaration.organisation,
        credential=credential,
        remembered=remembered,
        ca_bundle=tools.ca_bundle,
    )


@dataclass(frozen=True, slots=True)
class HostedRepository:
    """One repository of an organisation."""

    host: Host
    found: FoundRepository

    def find_version(self) -> tuple[str, str]:
        """Return the commit its branch points at, and the branch."""
        return self.host.find_version(self.found), self.found.branch

    def open(self, version: str, patterns: Sequence[str]) -> Tree:
        """Return its files at a commit."""
        return self.host.open(self.found, version, patterns)


@dataclass(frozen=True, slots=True)
class _FolderRepository:
    declaration: Declaration
    allowed: tuple[str, ...]

    def find_version(self) -> tuple[str, str]:
        """Return nothing: only reading its files tells whether a folder changed."""
        return "", ""

    def open(self, version: str, patterns: Sequence[str]) -> Tree:
        """Return the folder."""
        del version
        try:
            folder = Folder.open(self.declaration.address)
            check_folder(
                str(folder.root), tuple(str(Path(each).resolve()) for each in self.allowed)
            )
            return replace(folder, patterns=tuple(patterns))
        except PortalError as error:
            raise SourceDown(error.detail, fix=error.fix) from None
