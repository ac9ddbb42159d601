"""Sign-in, the account's own pages, and the guard before every view."""

from portal.auth.routes import account, providers, setup_link, sign_in
from portal.auth.routes.blueprint import blueprint, make_setup
from portal.auth.routes.guard import install_guard
from portal.auth.routes.providers import install_providers

__all__ = [
    "account",
    "blueprint",
    "install_guard",
    "install_providers",
    "make_setup",
    "providers",
    "setup_link",
    "sign_in",
]
