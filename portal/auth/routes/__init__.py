"""Sign-in, the account's own pages, and the guard before every view."""

from portal.auth.routes import account, setup_link, sign_in
from portal.auth.routes.blueprint import blueprint, make_setup
from portal.auth.routes.guard import install_guard

__all__ = ["account", "blueprint", "install_guard", "make_setup", "setup_link", "sign_in"]
