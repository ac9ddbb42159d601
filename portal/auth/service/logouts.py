"""What a provider's checked logout token ends."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from portal.auth.core.signing_in import SignInRefused
from portal.auth.service.one_time import keep_once
from portal.auth.service.sessions import end_by_provider

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.auth.core.signing_in import LogoutToken

REMEMBERED = timedelta(minutes=10)  # longer than any logout token counts


def end_by_logout_token(session: Session, token: LogoutToken, *, now: datetime) -> int:
    """End the sessions a token names; returns how many. Raises SignInRefused at a replay."""
    key = f"logout:{token.issuer}:{token.token_id}"
    if not keep_once(session, key, lasting=REMEMBERED, now=now):
        raise SignInRefused("jti", "This token was used before.")
    return end_by_provider(
        session, token.issuer, subject=token.subject, idp_sid=token.idp_sid, now=now
    )
