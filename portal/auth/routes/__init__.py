"""Sign-in, the account's own pages, those of admins, and the guard before every view."""

from portal.auth.routes import (
    access,
    account,
    groups,
    people,
    person,
    providers,
    setup_link,
    sign_in,
)
from portal.auth.routes.blueprint import blueprint, make_setup
from portal.auth.routes.guard import install_checks, install_guard
from portal.auth.routes.providers import install_providers

__all__ = [
    "access",
    "account",
    "blueprint",
    "groups",
    "install_checks",
    "install_guard",
    "install_providers",
    "make_setup",
    "people",
    "person",
    "providers",
    "setup_link",
    "sign_in",
]
