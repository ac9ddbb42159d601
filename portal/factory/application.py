"""The web application: every line that installs something, in the order requests meet it."""

from __future__ import annotations

from datetime import timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING

from flask import Flask

import portal.audit.api
import portal.audit.routes
import portal.auth.api
import portal.auth.routes
import portal.backstage.api
import portal.catalog.api
import portal.catalog.api.history
import portal.catalog.routes
import portal.home.routes
import portal.jobs.api
import portal.jobs.routes
import portal.ownership.api
import portal.ownership.routes
import portal.sources.api
import portal.sources.routes
from portal.factory.database import create_database
from portal.factory.tools import create_outbound, create_secret_box, create_source_tools
from portal.infra.logs import configure_logs
from portal.infra.metrics import Metrics
from portal.infra.resources import find_resource
from portal.settings.folder import list_secret_keys
from portal.sources.core.setup import SourcesSetup
from portal.web import openapi, probes
from portal.web.assets import install_asset_caching, load_manifest, make_asset_url
from portal.web.compression import install_compression
from portal.web.cookies import install_cookies
from portal.web.errors import install_errors, shape_errors
from portal.web.forgery import install_forgery_checks
from portal.web.htmx import install_htmx
from portal.web.limits import install_limits
from portal.web.markers import public
from portal.web.protection import install_protection
from portal.web.telemetry import install_telemetry
from portal.web.templating import install_templating, set_up_jinja
from portal.web.unit import install_units

if TYPE_CHECKING:
    from portal.infra.db import Database
    from portal.infra.outbound import Outbound
    from portal.settings import Settings


def create_app(
    settings: Settings,
    database: Database | None = None,
    metrics: Metrics | None = None,
    outbound: Outbound | None = None,
) -> Flask:
    """Return the web application."""
    configure_logs(settings.log_level, settings.log_format)
    database = database or create_database(settings)
    static = find_resource("static")
    app = Flask(
        "portal", template_folder=str(find_resource("templates")), static_folder=str(static)
    )
    set_up_jinja(app)
    app.config["SECRET_KEY"], *app.config["SECRET_KEY_FALLBACKS"] = list_secret_keys(settings)
    app.extensions["secret_box"] = create_secret_box(settings)
    app.extensions["metrics"] = metrics or Metrics()
    app.extensions["scim"] = portal.ownership.api.ScimSetup(f"{settings.public_url}/scim/v2")
    app.extensions["outbound"] = outbound = outbound or create_outbound(settings)
    app.extensions.update(
        sources=SourcesSetup(settings.folders_of_sources, settings.public_url),
        source_tools=create_source_tools(settings, outbound),
        undo_time=timedelta(hours=settings.undo_hours),
    )
    install_telemetry(app, app.extensions["metrics"])
    install_htmx(app)
    install_units(app, database)
    install_protection(app, settings)
    install_compression(app)
    install_asset_caching(app)
    install_errors(app)
    install_cookies(app, is_https=settings.public_url.startswith("https://"))
    install_forgery_checks(app, settings.public_url)
    portal.auth.routes.install_guard(app, settings)
    portal.auth.routes.install_providers(app, settings, outbound.make_session)
    install_limits(app, settings)
    portal.auth.routes.install_checks(app)
    install_templating(
        app, database.contributions.nav, make_asset_url(load_manifest(static)), version("plumbline")
    )
    app.view_functions["static"] = public(app.view_functions["static"])
    for blueprint in (
        probes.blueprint,
        openapi.blueprint,
        portal.auth.routes.blueprint,
        portal.audit.routes.blueprint,
        portal.audit.api.blueprint,
        portal.auth.api.blueprint,
        portal.jobs.routes.blueprint,
        portal.jobs.api.blueprint,
        portal.home.routes.blueprint,
        portal.catalog.routes.blueprint,
        portal.catalog.api.blueprint,
        portal.catalog.api.history.blueprint,
        portal.ownership.routes.blueprint,
        portal.ownership.api.blueprint,
        portal.ownership.api.ownership_blueprint,
        portal.sources.routes.blueprint,
        portal.sources.api.blueprint,
        portal.backstage.api.blueprint,
    ):
        app.register_blueprint(blueprint)
    shape_errors(app, portal.backstage.api.PREFIX, portal.backstage.api.answer_error)
    openapi.install_openapi(app)
    return app
