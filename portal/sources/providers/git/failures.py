"""Turns whatever ends a conversation with a Git server into one sentence and a fix."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from dulwich.errors import FileFormatException, GitProtocolError, HangupException, NotGitRepository

from portal.errors import TooLarge
from portal.infra.outbound import OutboundError
from portal.sources.core.trees import SourceDown
from portal.sources.providers.git.cache import explain_disk
from portal.sources.providers.git.inflating import Damaged
from portal.sources.providers.git.ssh import SshClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portal.sources.providers.git.web import WebClient

# What dulwich raises for answers that are no Git at all, besides its own errors.
NONSENSE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    FileFormatException,
    GitProtocolError,
    LookupError,
    NotGitRepository,
    TypeError,
    ValueError,
)
GONE = b"not our ref"
UNFILTERED = b"' not supported"


class FilterRefused(SourceDown):
    """The server offers to leave out large files, but not to the portal."""


@contextmanager
def explaining(shown: str, client: WebClient | SshClient | None = None) -> Iterator[None]:
    """Raise SourceDown for all that can go wrong; what a server says is searched, never shown."""
    try:
        yield
    except OutboundError as error:
        raise SourceDown(error.detail, fix=error.fix) from None
    except TooLarge as error:
        raise SourceDown(f"{shown} is too large. {error.detail}", fix=error.fix) from None
    except HangupException:
        raise _explain_heard(shown, client) or _explain_hangup(shown, client) from None
    except Damaged:
        raise SourceDown(
            f"{shown} sent files that are not sound.",
            fix="Try again later; check it by `git fsck`.",
        ) from None
    except OSError as error:
        raise explain_disk(error) from None
    except NONSENSE as error:
        raise _explain_heard(shown, client) or _explain_nonsense(shown, str(error)) from None


def explain_gone(shown: str) -> SourceDown:
    """Return what to say when a commit is not handed out."""
    return SourceDown(
        f"{shown} no longer hands out that commit: its branch was moved or deleted meanwhile.",
        fix="The next run reads what the branch names then.",
    )


def _explain_heard(shown: str, client: WebClient | SshClient | None) -> SourceDown | None:
    """Return what the server's last words mean, where they are known ones."""
    heard = client.heard if client is not None else b""
    if GONE in heard:
        return explain_gone(shown)
    if b"filter '" in heard and UNFILTERED in heard:
        return FilterRefused(f"{shown} does not leave out large files.")
    return None


def _explain_hangup(shown: str, client: WebClient | SshClient | None) -> SourceDown:
    if isinstance(client, SshClient):
        return client.explain_hangup()
    return SourceDown(f"{shown} ended its answer before it was done.", fix="Try again later.")


def _explain_nonsense(shown: str, said: str) -> SourceDown:
    if "shallow" in said:
        return SourceDown(
            f"{shown} cannot hand out a single commit.", fix="Its server needs a newer Git."
        )
    if "does not match length prefix" in said:
        return SourceDown(f"{shown} broke off in the middle of its answer.", fix="Try again later.")
    return SourceDown(
        f"{shown} does not answer as Git servers do.", fix="Check the address, host and port."
    )
