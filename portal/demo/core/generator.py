"""Writing the descriptors of a made-up company, what is referred to first."""

from bisect import bisect_left
from collections.abc import Iterator
from random import Random
from typing import Any

from portal.demo.core import words
from portal.demo.core.roster import (
    GROUP_CHILDREN,
    Company,
    children_of,
    found,
    pick_number,
    pick_owner,
    pick_place,
    type_of,
)

Entity = dict[str, Any]

API_VERSION = "backstage.io/v1alpha1"
HOST = "example.com"

TIERS = ("0", "1", "2", "3")
TIER_WEIGHTS = (1, 4, 9, 6)
TIER_SHARE = 0.7
LIFECYCLES = ("production", "experimental", "deprecated")
LIFECYCLE_WEIGHTS = (82, 12, 6)
TITLE_SHARE = 0.5
SYSTEM_SHARE = 0.9
SUBDOMAIN_SHARE = 0.2
SECOND_TEAM_SHARE = 0.05
POPULAR_SHARE = 0.7

# How many of a thing one entity has: index is the number, value its weight.
DEPENDENCY_WEIGHTS = (25, 30, 28, 17)
CONSUMED_WEIGHTS = (65, 25)
HOSTED_WEIGHTS = (60, 40)
TAG_WEIGHTS = (20, 30, 30, 15, 5)
LINK_WEIGHTS = (40, 40, 20)


def generate(entities: int, seed: int) -> Iterator[Entity]:
    """Yield exactly `entities` descriptors, the same ones for the same two numbers."""
    company = found(entities, Random(seed))  # noqa: S311 sizes for a demo, not security
    yield from _domains(company)
    yield from _groups(company)
    yield from _users(company)
    yield from _systems(company)
    yield from _resources(company)
    yield from _apis(company)
    yield from _components(company)


def _described(rng: Random, name: str) -> str:
    """Say in one sentence what the named thing could be for."""
    parts = name.split("-")
    subject = " ".join((parts[:-1] or parts)[:2])
    start = f"{rng.choice(words.VERBS)} the {subject} {rng.choice(words.OBJECTS)}"
    return f"{start} {rng.choice(words.TAILS)}".rstrip() + "."


def _entity(company: Company, kind: str, name: str, spec: Entity) -> Entity:
    """Put the envelope around a spec."""
    rng = company.rng
    metadata: Entity = {"name": name, "description": _described(rng, name)}
    if rng.random() < TITLE_SHARE:
        metadata["title"] = name.replace("-", " ").capitalize()
    tags = {
        words.TAGS[pick_place(rng, len(words.TAGS), 2)]
        for _ in range(pick_number(rng, TAG_WEIGHTS))
    }
    if tags:
        metadata["tags"] = sorted(tags)
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}


def _person(kind: str, name: str, metadata: Entity, spec: Entity) -> Entity:
    """Build a User or Group, which carry a profile and neither tags nor an owner."""
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": {"name": name, **metadata},
        "spec": spec,
    }


def _domains(company: Company) -> Iterator[Entity]:
    """Yield the domains; some lie within an earlier one."""
    names = company.names["Domain"]
    for place, name in enumerate(names):
        spec: Entity = {"owner": pick_owner(company)}
        if place and company.rng.random() < SUBDOMAIN_SHARE:
            spec["subdomainOf"] = names[company.rng.randrange(place)]
        yield _entity(company, "Domain", name, spec)


def _groups(company: Company) -> Iterator[Entity]:
    """Yield the groups from the top of the tree down."""
    groups = company.names["Group"]
    for place, name in enumerate(groups):
        children = list(children_of(place, groups))
        spec: Entity = {
            "type": "department" if children else "team",
            "profile": {
                "displayName": name.replace("-", " ").capitalize(),
                "email": f"{name}@{HOST}",
            },
            "children": children,
        }
        if place:
            spec["parent"] = groups[(place - 1) // GROUP_CHILDREN]
        description = _described(company.rng, name)
        yield _person("Group", name, {"description": description}, spec)


def _users(company: Company) -> Iterator[Entity]:
    """Yield the people, each in a team, a few in two."""
    rng = company.rng
    for name in company.names["User"]:
        teams = {rng.choice(company.owners)}
        if rng.random() < SECOND_TEAM_SHARE:
            teams.add(rng.choice(company.owners))
        shown = name.replace(".", " ").replace("-", " ").title()
        profile = {"displayName": shown, "email": f"{name}@{HOST}"}
        yield _person("User", name, {}, {"profile": profile, "memberOf": sorted(teams)})


def _systems(company: Company) -> Iterator[Entity]:
    """Yield the systems, each in a domain."""
    domains = company.names["Domain"]
    for name in company.names["System"]:
        domain = domains[pick_place(company.rng, len(domains), 1 + len(domains) / 50)]
        yield _entity(company, "System", name, {"owner": pick_owner(company), "domain": domain})


def _within(company: Company, spec: Entity) -> Entity:
    """Add an owner and, mostly, a system to a spec."""
    spec["owner"] = pick_owner(company)
    systems = company.names["System"]
    if systems and company.rng.random() < SYSTEM_SHARE:
        spec["system"] = systems[pick_place(company.rng, len(systems), 1 + len(systems) / 50)]
    return spec


def _resources(company: Company) -> Iterator[Entity]:
    """Yield the resources; some run on an earlier one."""
    names = company.names["Resource"]
    for place, name in enumerate(names):
        spec = _within(company, {"type": type_of(name, words.RESOURCE_SUFFIXES)})
        if place and pick_number(company.rng, HOSTED_WEIGHTS):
            spec["dependsOn"] = [f"resource:{names[pick_place(company.rng, place, 1)]}"]
        yield _entity(company, "Resource", name, spec)


def _apis(company: Company) -> Iterator[Entity]:
    """Yield the APIs, each with a definition just long enough to show."""
    for name, kind in zip(company.names["API"], company.api_types, strict=True):
        spec: Entity = {
            "type": kind,
            "lifecycle": company.rng.choices(LIFECYCLES, LIFECYCLE_WEIGHTS)[0],
            "definition": _definition(name, kind),
        }
        yield _entity(company, "API", name, _within(company, spec))


def _definition(name: str, kind: str) -> str:
    """Write a minimal definition in the API's own language."""
    if kind == "graphql":
        return "type Query {\n  status: String!\n}\n"
    if kind == "grpc":
        service = name.replace("-", " ").title().replace(" ", "")
        return (
            f'syntax = "proto3";\n\nservice {service} {{\n  rpc Get(Ask) returns (Answer);\n}}\n'
            "message Ask {}\nmessage Answer {}\n"
        )
    info = f"info:\n  title: {name}\n  version: 1.0.0\n"
    if kind == "asyncapi":
        return f"asyncapi: 2.6.0\n{info}channels: {{}}\n"
    return f"openapi: 3.0.3\n{info}paths: {{}}\n"


def _components(company: Company) -> Iterator[Entity]:
    """Yield the components; each leans only on earlier ones, so there is no circle."""
    rng = company.rng
    provided: dict[int, str] = dict(zip(company.providers, company.names["API"], strict=True))
    for place, name in enumerate(company.names["Component"]):
        spec = _within(
            company,
            {
                "type": type_of(name, words.COMPONENT_SUFFIXES),
                "lifecycle": rng.choices(LIFECYCLES, LIFECYCLE_WEIGHTS)[0],
            },
        )
        if place in provided:
            spec["providesApis"] = [provided[place]]
        consumed = _consumed(company, place)
        if consumed:
            spec["consumesApis"] = consumed
        needed = _needed(company, place)
        if needed:
            spec["dependsOn"] = needed
        entity = _entity(company, "Component", name, spec)
        entity["metadata"].update(_signposts(rng, name))
        yield entity


def _consumed(company: Company, place: int) -> list[str]:
    """Pick APIs whose provider comes before the component at `place`."""
    within_reach = bisect_left(company.providers, place)
    if not within_reach or not pick_number(company.rng, CONSUMED_WEIGHTS):
        return []
    return [company.names["API"][pick_place(company.rng, within_reach, 2)]]


def _needed(company: Company, place: int) -> list[str]:
    """Pick the components and resources the component at `place` depends on."""
    rng = company.rng
    components, resources = company.names["Component"], company.names["Resource"]
    within_reach = min(place, company.dependable)
    needed = set()
    for _ in range(pick_number(rng, DEPENDENCY_WEIGHTS) if within_reach else 0):
        popular = rng.random() < POPULAR_SHARE
        target = pick_place(rng, within_reach, 2) if popular else rng.randrange(within_reach)
        needed.add(f"component:{components[target]}")
    if resources and pick_number(rng, HOSTED_WEIGHTS):
        needed.add(
            f"resource:{resources[pick_place(rng, len(resources), 1 + len(resources) / 20)]}"
        )
    return sorted(needed)


def _signposts(rng: Random, name: str) -> Entity:
    """Make the annotations and links of a component; three in ten have no tier."""
    annotations = {
        "github.com/project-slug": f"demo/{name}",
        "backstage.io/source-location": f"url:https://git.{HOST}/demo/{name}/",
    }
    if rng.random() < TIER_SHARE:
        annotations["plumbline.dev/tier"] = rng.choices(TIERS, TIER_WEIGHTS)[0]
    links = [
        {"url": f"https://runbooks.{HOST}/{name}", "title": "Runbook"},
        {"url": f"https://dashboards.{HOST}/{name}", "title": "Dashboard"},
    ][: pick_number(rng, LINK_WEIGHTS)]
    return {"annotations": annotations, "links": links} if links else {"annotations": annotations}
