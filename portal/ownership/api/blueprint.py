"""The blueprint of SCIM, who asks on it, and its errors."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response
from pydantic import ValidationError
from scim2_models import Error, SCIMException

from portal.auth.core import Actor
from portal.auth.core.people import ProviderRules  # noqa: TC001 a dataclass names it
from portal.auth.queries.providers import get_rules
from portal.auth.queries.provisioned import get_spoken_for
from portal.web.errors import make_scim_error
from portal.web.unit import get_session
from portal.web.visitor import get_actor, get_extension

PERMISSION = "scim:all:write"
blueprint = Blueprint("scim", __name__, url_prefix="/scim/v2")


@dataclass(frozen=True, slots=True)
class ScimSetup:
    """The address under which people and groups are found."""

    base: str


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, for which provider, and what that provider's word is worth."""

    actor: Actor
    rules: ProviderRules

    @property
    def provider(self) -> str:
        """Return the provider's name."""
        return self.rules.name


def get_asking() -> Asking:
    """Return who asks; raises Forbidden when their token speaks for no provider of the settings."""
    actor = get_actor(Actor)
    session = get_session()
    return Asking(actor, get_rules(session, get_spoken_for(session, actor.account_id)))


def get_base() -> str:
    """Return the address of SCIM, without a slash at its end."""
    return get_extension("scim", ScimSetup).base


@blueprint.errorhandler(SCIMException)
def on_scim_error(error: SCIMException) -> Response:
    """Answer an error of the protocol."""
    return make_scim_error(error.status, str(error), error.scim_type or None)


@blueprint.errorhandler(ValidationError)
def on_wrong_shape(error: ValidationError) -> Response:
    """Answer the first thing wrong with a message."""
    first = Error.from_validation_errors(error)[0]
    return make_scim_error(first.status or 400, first.detail or "", first.scim_type)
