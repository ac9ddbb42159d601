"""Every line that plugs something in, in reading order."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING

from flask import Flask

import portal.audit.api
import portal.audit.jobs
import portal.audit.routes
import portal.auth.api
import portal.auth.jobs
import portal.auth.queries.accounts
import portal.auth.routes
import portal.auth.service.accounts
import portal.auth.service.group_rules
import portal.backstage.api
import portal.catalog.api
import portal.catalog.jobs
import portal.catalog.queries.entities
import portal.catalog.queries.needs
import portal.catalog.routes
import portal.catalog.service.entities
import portal.catalog.service.marks
import portal.demo.queries
import portal.home.routes
import portal.jobs.api
import portal.jobs.jobs
import portal.jobs.routes
import portal.jobs.service
import portal.ownership.api
import portal.ownership.queries.explaining
import portal.ownership.queries.trusted
import portal.ownership.routes
import portal.ownership.service
import portal.sources.api
import portal.sources.jobs
import portal.sources.queries.links
import portal.sources.queries.needs
import portal.sources.routes
import portal.sources.service.permissions
from portal.auth.core.people import make_provider_rules
from portal.infra.contributions import (
    Consumer,
    Contributions,
    EntityPanel,
    Naming,
    NavItem,
    NeedsYou,
    Notice,
    People,
    PeriodicJob,
    SourceLinks,
    Subjects,
    Vocabulary,
)
from portal.infra.db import Database
from portal.infra.logs import configure_logs
from portal.infra.metrics import Metrics
from portal.infra.outbound import Gate, Outbound
from portal.infra.queue import Queue, QueueSetup, raise_if_stopping
from portal.infra.resources import find_resource
from portal.infra.secrets import SecretBox
from portal.settings import share_metrics_folder
from portal.settings.checks import split_bind
from portal.settings.folder import find_secret_key, list_secret_keys, prepare_data_dir
from portal.settings.outbound import parse_allow_list
from portal.sources.core.setup import SourcesSetup
from portal.sources.flows.opening import Tools
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
    from portal.settings import Settings


def gather_contributions(settings: Settings) -> Contributions:
    """Return what the features hand down."""
    return Contributions(
        nav=(
            NavItem("Home", "home.index", 5, permission="account:self:read"),
            NavItem("Catalog", "catalog.index", 10),
            NavItem("Teams", "ownership.teams", 70),
            NavItem("Problems", "catalog.problems", 80),
            NavItem("Sources", "sources.index", 85, permission="catalog:source:read"),
            NavItem("Why is it (not) here?", "sources.explain", 86, is_quiet=True),
            NavItem("Your account", "auth.account", 10, is_personal=True),
            NavItem("Audit", "audit.index", 50, permission="audit:entry:read", is_personal=True),
            NavItem("Jobs", "jobs.index", 60, permission="jobs:job:read", is_personal=True),
            NavItem(
                "People and access", "auth.people", 20, "access:account:read", is_personal=True
            ),
        ),
        panels=(
            EntityPanel(
                "readme",
                "README",
                40,
                portal.sources.routes.panels.badge_readme,
                portal.sources.routes.panels.render_readme,
            ),
            EntityPanel(
                "audit",
                "Audit",
                95,
                portal.audit.routes.badge_panel,
                portal.audit.routes.render_panel,
            ),
        ),
        notices=(Notice(portal.demo.queries.read_notice),),
        entity_pages={"group": "ownership.show"},
        consumers=(
            Consumer(
                portal.audit.jobs.SEAL,
                portal.audit.jobs.SEAL,
                portal.audit.jobs.make_seal_job(lambda: create_secret_box(settings)),
            ),
            Consumer(
                portal.jobs.jobs.FORGET, portal.jobs.jobs.FORGET, flow=portal.jobs.jobs.forget_runs
            ),
            Consumer(
                portal.catalog.jobs.FORGET,
                portal.catalog.jobs.FORGET,
                portal.catalog.jobs.make_forget(timedelta(hours=settings.undo_hours)),
            ),
            Consumer(
                portal.auth.jobs.FORGET,
                portal.auth.jobs.FORGET,
                portal.auth.jobs.make_forget(portal.auth.routes.make_setup(settings).lifetimes),
            ),
            Consumer(
                portal.ownership.service.SCIM_CHANGED,
                "ownership.refresh_provider",
                portal.ownership.service.refresh_provider,
            ),
            Consumer(
                portal.sources.service.permissions.PEOPLE_CHANGED,
                "ownership.refresh_all",
                portal.ownership.service.refresh_all,
            ),
            Consumer(
                portal.sources.service.permissions.SCHEDULE,
                portal.sources.service.permissions.SCHEDULE,
                portal.sources.jobs.schedule,
            ),
            Consumer(
                portal.sources.service.permissions.REFRESH_TOPIC,
                portal.sources.service.permissions.REFRESH_TOPIC,
                flow=portal.sources.jobs.make_refresh(
                    cache(lambda: create_source_tools(settings)), raise_if_stopping
                ),
            ),
            Consumer(
                portal.sources.service.permissions.EXPIRE,
                portal.sources.service.permissions.EXPIRE,
                flow=portal.sources.jobs.expire,
            ),
            Consumer(
                portal.catalog.jobs.FORGET_TOMBSTONES,
                portal.catalog.jobs.FORGET_TOMBSTONES,
                portal.catalog.jobs.forget_old_tombstones,
            ),
            Consumer(
                portal.auth.service.group_rules.GROUPS_CHANGED,
                "auth.refresh_group",
                portal.auth.jobs.make_refresh_group(make_provider_rules(settings.providers)),
            ),
            Consumer(
                portal.auth.service.group_rules.GROUPS_CHANGED,
                "ownership.follow_group_rule",
                portal.ownership.service.follow_group_rule,
            ),
        ),
        periodic=(
            PeriodicJob(portal.audit.jobs.SEAL, portal.audit.jobs.SEAL_EVERY_SECONDS),
            PeriodicJob(portal.catalog.jobs.FORGET, 3600),
            PeriodicJob(portal.auth.jobs.FORGET, 3600),
            PeriodicJob(
                portal.sources.service.permissions.SCHEDULE,
                portal.sources.jobs.SCHEDULE_EVERY_SECONDS,
            ),
            PeriodicJob(
                portal.sources.service.permissions.EXPIRE,
                portal.sources.jobs.EXPIRE_EVERY_SECONDS,
            ),
            PeriodicJob(portal.jobs.jobs.FORGET, 3600),
        ),
        needs=(
            NeedsYou(portal.catalog.queries.needs.list_needs),
            NeedsYou(
                portal.sources.queries.needs.list_needs,
                permission=portal.sources.service.permissions.WRITE,
            ),
        ),
        source_links=(SourceLinks(portal.sources.queries.links.find_link),),
        people=(
            People(
                portal.ownership.queries.trusted.find_user,
                portal.ownership.service.refresh_account,
                portal.ownership.queries.explaining.explain_team,
            ),
        ),
        naming=(
            Naming(
                portal.auth.queries.accounts.list_names,
                portal.auth.queries.accounts.find_person,
                portal.auth.queries.accounts.find_persons,
            ),
        ),
        subjects=(Subjects(portal.catalog.queries.entities.find_subject),),
        permissions=(
            portal.auth.service.accounts.WRITE,
            portal.auth.service.group_rules.WRITE,
            portal.jobs.service.WRITE,
            portal.catalog.service.entities.WRITE,
            portal.catalog.service.marks.WRITE,
            portal.sources.service.permissions.REFRESH,
            portal.sources.service.permissions.RUN,
            portal.sources.service.permissions.WRITE,
        ),
        group_teams={p.name: dict(p.group_teams) for p in settings.providers},
        provider_rules=make_provider_rules(settings.providers),
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
        # A worker sweeps and reports beside its threads, and has at least two of these.
        pool_size=max(settings.web_threads + 1, settings.job_threads + 3),
    )


def create_secret_box(settings: Settings) -> SecretBox:
    """Return what encrypts stored secrets, under the secret key of the settings."""
    current, *older = list_secret_keys(settings)
    return SecretBox(current, older)


def create_outbound(settings: Settings) -> Outbound:
    """Return the one client for everything the portal calls."""
    _, own_port = split_bind(settings.bind)
    return Outbound(Gate(allow=parse_allow_list(settings.outbound_allow), own_port=own_port))


def create_source_tools(settings: Settings, outbound: Outbound | None = None) -> Tools:
    """Return what reading sources takes."""
    return Tools(
        outbound or create_outbound(settings),
        create_secret_box(settings),
        settings.data_dir / "sources",
        settings.folders_of_sources,
        settings.source_ca_file,
    )


def create_metrics(settings: Settings, *, is_first: bool = True) -> Metrics:
    """Return metrics that all processes of this portal add up; the first one begins anew."""
    share_metrics_folder(settings.data_dir / "metrics", is_first=is_first)
    return Metrics(shared=True)


def create_queue(settings: Settings, database: Database, metrics: Metrics) -> Queue:
    """Return the runner of background work."""
    setup = QueueSetup(
        settings.data_dir,
        find_secret_key(settings),
        redis_url=settings.redis_url,
        threads=settings.job_threads,
        shutdown_seconds=settings.shutdown_seconds,
    )
    return Queue(setup, database, metrics)


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
        portal.ownership.routes.blueprint,
        portal.ownership.api.blueprint,
        portal.sources.routes.blueprint,
        portal.sources.api.blueprint,
        portal.backstage.api.blueprint,
    ):
        app.register_blueprint(blueprint)
    shape_errors(app, portal.backstage.api.PREFIX, portal.backstage.api.answer_error)
    openapi.install_openapi(app)
    return app
