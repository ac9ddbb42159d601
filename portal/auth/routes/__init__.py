"""Sign-in, the account's own pages, those of admins, and the guard before every view."""

from portal.auth.routes import access, account, groups, people, person, setup_link, sign_in
from portal.auth.routes.blueprint import blueprint, make_setup
from portal.auth.routes.guard import install_guard

__all__ = [
    "access",
    "account",
    "blueprint",
    "groups",
    "install_guard",
    "make_setup",
    "people",
    "person",
    "setup_link",
    "sign_in",
]
