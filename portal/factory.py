"""Every line that plugs something in, in reading order."""

from __future__ import annotations

from datetime import timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING

from flask import Flask

import portal.auth.routes
import portal.catalog.api
import portal.catalog.jobs
import portal.catalog.routes
import portal.demo.queries
import portal.ownership.routes
import portal.sources.api
import portal.sources.routes
from portal.audit.service import SEAL_TOPIC, seal_entries
from portal.infra.contributions import (
    Consumer,
    Contributions,
    EntityPanel,
    NavItem,
    Notice,
    PeriodicJob,
    Vocabulary,
)
from portal.infra.db import Database
from portal.infra.logs import configure_logs
from portal.infra.metrics import Metrics
from portal.infra.queue import Queue
from portal.infra.resources import find_resource
from portal.settings import find_secret_key, prepare_data_dir, share_metrics_folder
from portal.web import openapi, probes
from portal.web.assets import install_asset_caching, load_manifest, make_asset_url
from portal.web.compression import install_compression
from portal.web.errors import install_errors
from portal.web.htmx import install_htmx
from portal.web.markers import public
from portal.web.protection import install_protection
from portal.web.telemetry import install_telemetry
from portal.web.templating import install_templating
from portal.web.unit import install_units

if TYPE_CHECKING:
    from portal.settings import Settings


def gather_contributions(settings: Settings) -> Contributions:
    """Return what the features hand down."""
    return Contributions(
        nav=(
            NavItem("Catalog", "catalog.index", 10),
            NavItem("Teams", "ownership.teams", 70),
            NavItem("Problems", "catalog.problems", 80),
        ),
        panels=(
            EntityPanel(
                "readme",
                "README",
                40,
                portal.sources.routes.badge_readme,
                portal.sources.routes.render_readme,
            ),
        ),
        notices=(Notice(portal.demo.queries.read_notice),),
        entity_pages={"group": "ownership.show"},
        consumers=(
            Consumer(SEAL_TOPIC, "audit.seal", seal_entries),
            Consumer(
                portal.catalog.jobs.FORGET,
                portal.catalog.jobs.FORGET,
                portal.catalog.jobs.make_forget(timedelta(hours=settings.undo_hours)),
            ),
            Consumer(
                portal.catalog.jobs.FORGET_TOMBSTONES,
                portal.catalog.jobs.FORGET_TOMBSTONES,
                portal.catalog.jobs.forget_old_tombstones,
            ),
        ),
        periodic=(PeriodicJob(portal.catalog.jobs.FORGET, 3600),),
        vocabulary=Vocabulary(
            dict(settings.type_classes), dict(settings.lifecycle_stages), dict(settings.tier_words)
        ),
    )


def create_database(settings: Settings) -> Database:
    """Return the database; nothing connects yet."""
    prepare_data_dir(settings)
    return Database(
        settings.resolved_database_url,
        gather_contributions(settings),
        pool_size=settings.web_threads + 1,
    )


def create_metrics(settings: Settings) -> Metrics:
    """Return metrics that all processes of this portal add up."""
    share_metrics_folder(settings.data_dir / "metrics")
    return Metrics(shared=True)


def create_queue(settings: Settings, database: Database, metrics: Metrics) -> Queue:
    """Return the runner of background work."""
    return Queue(settings.data_dir, find_secret_key(settings), database, metrics)


def create_app(
    settings: Settings, database: Database | None = None, metrics: Metrics | None = None
) -> Flask:
    """Return the web application."""
    configure_logs(settings.log_level, settings.log_format)
    database = database or create_database(settings)
    static = find_resource("static")
    app = Flask(
        "portal", template_folder=str(find_resource("templates")), static_folder=str(static)
    )
    app.config["SECRET_KEY"] = find_secret_key(settings)
    app.extensions["metrics"] = metrics or Metrics()
    install_telemetry(app, app.extensions["metrics"])
    install_htmx(app)
    install_units(app, database)
    install_protection(app)
    install_compression(app)
    install_asset_caching(app)
    install_errors(app)
    portal.auth.routes.install_guard(app)
    install_templating(
        app, database.contributions.nav, make_asset_url(load_manifest(static)), version("plumbline")
    )
    app.view_functions["static"] = public(app.view_functions["static"])
    for blueprint in (
        probes.blueprint,
        openapi.blueprint,
        portal.catalog.routes.blueprint,
        portal.catalog.api.blueprint,
        portal.ownership.routes.blueprint,
        portal.sources.api.blueprint,
    ):
        app.register_blueprint(blueprint)
    openapi.install_openapi(app)
    return app
