"""Every line that plugs a feature in, in reading order."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

import portal.audit.jobs
import portal.audit.routes
import portal.auth.jobs
import portal.auth.queries.accounts
import portal.auth.routes
import portal.auth.service.accounts
import portal.auth.service.group_rules
import portal.catalog.jobs
import portal.catalog.queries.entities
import portal.catalog.queries.needs
import portal.catalog.service.marks
import portal.catalog.service.own_values
import portal.catalog.service.permissions
import portal.demo.queries
import portal.jobs.jobs
import portal.jobs.service
import portal.ownership.jobs
import portal.ownership.queries.explaining
import portal.ownership.queries.needs
import portal.ownership.queries.trusted
import portal.ownership.routes
import portal.ownership.service
import portal.ownership.service.renames
import portal.ownership.service.reorganising
import portal.sources.jobs
import portal.sources.queries.claims
import portal.sources.queries.links
import portal.sources.queries.needs
import portal.sources.routes
import portal.sources.service.permissions
import portal.sources.service.renames
from portal.auth.core.people import make_provider_rules
from portal.factory.tools import create_secret_box, create_source_tools
from portal.infra.contributions import (
    ChangeProposals,
    Claims,
    Consumer,
    Contributions,
    EntityPanel,
    Naming,
    NavItem,
    NeedsYou,
    Notice,
    OpenWork,
    People,
    PeriodicJob,
    SourceLinks,
    Subjects,
    Vocabulary,
)
from portal.infra.queue import raise_if_stopping

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
            NavItem("Findings", "catalog.findings", 81, is_quiet=True),
            NavItem("Retired", "catalog.retired", 82, is_quiet=True),
            NavItem("Sources", "sources.index", 85, permission="catalog:source:read"),
            NavItem("Why is it (not) here?", "sources.explain", 86, is_quiet=True),
            NavItem("Your account", "auth.account", 10, is_personal=True),
            NavItem("Audit", "audit.index", 50, permission="audit:entry:read", is_personal=True),
            NavItem(
                "Links", "catalog.links", 55, permission="catalog:link:write", is_personal=True
            ),
            NavItem(
                "Own fields", "catalog.own_fields", 56, "catalog:field:write", is_personal=True
            ),
            NavItem("Jobs", "jobs.index", 60, permission="jobs:job:read", is_personal=True),
            NavItem("Hand-overs", "ownership.my_handovers", 71, is_quiet=True),
            NavItem("Owners that are gone", "ownership.owner_gone", 72, is_quiet=True),
            NavItem(
                "Reorganise teams",
                "ownership.reorganise",
                30,
                "catalog:entity:write",
                is_personal=True,
            ),
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
                "ownership",
                "Ownership",
                50,
                portal.ownership.routes.panel.badge_panel,
                portal.ownership.routes.panel.render_panel,
            ),
            EntityPanel(
                "proposals",
                "Proposals",
                94,
                portal.sources.routes.proposals.badge_proposals,
                portal.sources.routes.proposals.render_proposals,
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
                portal.ownership.service.reorganising.REORGANISE,
                portal.ownership.service.reorganising.REORGANISE,
                flow=portal.ownership.jobs.make_reorganise(raise_if_stopping),
            ),
            Consumer(
                portal.catalog.service.permissions.PEOPLE_CHANGED,
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
                portal.sources.service.permissions.CHECK_PROPOSALS,
                portal.sources.service.permissions.CHECK_PROPOSALS,
                flow=portal.sources.jobs.make_check_proposals(
                    cache(lambda: create_source_tools(settings))
                ),
            ),
            Consumer(
                portal.catalog.jobs.FORGET_TOMBSTONES,
                portal.catalog.jobs.FORGET_TOMBSTONES,
                portal.catalog.jobs.forget_old_tombstones,
            ),
            Consumer(
                portal.catalog.service.own_values.READ_AGAIN,
                portal.catalog.service.own_values.READ_AGAIN,
                flow=portal.catalog.jobs.read_own_fields,
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
            PeriodicJob(
                portal.sources.service.permissions.CHECK_PROPOSALS,
                portal.sources.jobs.CHECK_PROPOSALS_EVERY_SECONDS,
            ),
            PeriodicJob(portal.jobs.jobs.FORGET, 3600),
        ),
        needs=(
            NeedsYou(portal.catalog.queries.needs.list_needs),
            NeedsYou(portal.ownership.queries.needs.list_needs),
            NeedsYou(
                portal.ownership.queries.needs.list_admin_needs,
                permission=portal.catalog.service.permissions.WRITE,
            ),
            NeedsYou(
                portal.sources.queries.needs.list_needs,
                permission=portal.sources.service.permissions.WRITE,
            ),
        ),
        open_work=(OpenWork(portal.catalog.queries.needs.list_open),),
        proposals=(
            ChangeProposals("sources.propose", portal.sources.queries.links.takes_proposals),
        ),
        claims=(Claims(portal.sources.queries.claims.find_claim, "sources.show_take_over"),),
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
        followers=(
            portal.ownership.service.renames.follow_rename,
            portal.sources.service.renames.follow_rename,
        ),
        subjects=(Subjects(portal.catalog.queries.entities.find_subject),),
        permissions=(
            portal.auth.service.accounts.WRITE,
            portal.auth.service.group_rules.WRITE,
            portal.jobs.service.WRITE,
            portal.catalog.service.permissions.FIELDS,
            portal.catalog.service.permissions.LINKS,
            portal.catalog.service.permissions.WRITE,
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
