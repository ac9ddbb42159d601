"""Who and what the company has: every name is settled before a reference is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from random import Random

from portal.demo.core import words

# Kinds by how much the others need them; a company too small for all drops the last ones.
KINDS = ("Group", "User", "Domain", "System", "Component", "API", "Resource")
SHARES = {
    "Group": 0.02,
    "User": 0.04,
    "Domain": 0.01,
    "System": 0.03,
    "API": 0.12,
    "Resource": 0.08,
}

GROUP_CHILDREN = 6
COMPONENT_TYPES = ("service", "library", "worker", "website", "cronjob")
DEPENDABLE_TYPES = frozenset({"service", "library"})
API_TYPE_WEIGHTS = (60, 20, 8, 12)


@dataclass(frozen=True)
class Company:
    """Every name there will be, settled before the first reference is written."""

    rng: Random
    names: Mapping[str, Sequence[str]]
    owners: Sequence[str]
    dependable: int
    providers: Sequence[int]
    api_types: Sequence[str]


def _counts(entities: int) -> dict[str, int]:
    """Share `entities` out among the kinds; components take what the others leave."""
    if entities < len(KINDS):
        return {kind: int(place < entities) for place, kind in enumerate(KINDS)}
    counts = {kind: max(1, round(entities * share)) for kind, share in SHARES.items()}
    counts["Component"] = entities - sum(counts.values())
    return counts


def found(entities: int, rng: Random) -> Company:
    """Name everything and decide who provides which API."""
    counts = _counts(entities)
    components = _component_names(rng, counts["Component"])
    types = [type_of(name, words.COMPONENT_SUFFIXES) for name in components]
    groups = _names(rng, counts["Group"], words.TEAM_SUFFIXES)
    candidates = max(types.count("service"), min(counts["API"], len(components)))
    providers = sorted(rng.sample(range(candidates), min(counts["API"], candidates)))
    api_types = rng.choices(tuple(words.API_SUFFIXES), API_TYPE_WEIGHTS, k=len(providers))
    people = (words.FIRST_NAMES, words.LAST_NAMES)
    subjects = (words.SUBJECTS,)
    return Company(
        rng=rng,
        names={
            "Group": groups,
            "User": _unique(rng, counts["User"], (people,), "."),
            "Domain": _unique(rng, counts["Domain"], (subjects, (words.QUALIFIERS, *subjects))),
            "System": _names(rng, counts["System"], words.SYSTEM_SUFFIXES),
            "Component": components,
            "API": [
                f"{components[provider]}-{words.API_SUFFIXES[kind]}"
                for provider, kind in zip(providers, api_types, strict=True)
            ],
            "Resource": _names(rng, counts["Resource"], tuple(words.RESOURCE_SUFFIXES)),
        },
        owners=[name for place, name in enumerate(groups) if not children_of(place, groups)],
        dependable=sum(kind in DEPENDABLE_TYPES for kind in types),
        providers=providers,
        api_types=api_types,
    )


def _component_names(rng: Random, count: int) -> list[str]:
    """Name the components, services first: what comes first is what others lean on."""
    names = _names(rng, count, tuple(words.COMPONENT_SUFFIXES))
    rank = {kind: place for place, kind in enumerate(COMPONENT_TYPES)}
    return sorted(names, key=lambda name: rank[type_of(name, words.COMPONENT_SUFFIXES)])


def _names(rng: Random, count: int, suffixes: Sequence[str]) -> list[str]:
    """Name `count` things: two words as long as they last, then three."""
    return _unique(
        rng,
        count,
        ((words.SUBJECTS, suffixes), (words.QUALIFIERS, words.SUBJECTS, suffixes)),
    )


def _unique(
    rng: Random,
    count: int,
    levels: Sequence[Sequence[Sequence[str]]],
    joiner: str = "-",
) -> list[str]:
    """Draw `count` different word combinations; number them only when words run out."""
    names: list[str] = []
    for parts in levels:
        total = prod(len(part) for part in parts)
        drawn = rng.sample(range(total), min(total, count - len(names)))
        names.extend(_combination(number, parts, joiner) for number in drawn)
    fresh = len(names)
    again = range(count - fresh)
    return names + [f"{names[extra % fresh]}-{extra // fresh + 2}" for extra in again]


def _combination(number: int, parts: Sequence[Sequence[str]], joiner: str) -> str:
    """Return the `number`-th combination of one word from each part."""
    chosen: list[str] = []
    for part in reversed(parts):
        number, place = divmod(number, len(part))
        chosen.append(part[place])
    return joiner.join(reversed(chosen))


def type_of(name: str, suffixes: Mapping[str, str]) -> str:
    """Read a type off the last word of a name, passing over a number behind it."""
    return suffixes[next(word for word in reversed(name.split("-")) if word in suffixes)]


def children_of(place: int, groups: Sequence[str]) -> Sequence[str]:
    """Return the groups below the one at `place`; the groups form one even tree."""
    first = place * GROUP_CHILDREN + 1
    return groups[first : first + GROUP_CHILDREN]


def pick_place(rng: Random, count: int, shift: float) -> int:
    """Pick a place below `count`, the early ones far more often; a larger `shift` evens out."""
    return min(count - 1, int(shift * ((count + shift) / shift) ** rng.random() - shift))


def pick_number(rng: Random, weights: Sequence[int]) -> int:
    """Pick how many, by weight."""
    return rng.choices(range(len(weights)), weights)[0]


def pick_owner(company: Company) -> str:
    """Pick a team; a few teams own much."""
    owners = company.owners
    return owners[pick_place(company.rng, len(owners), 1 + len(owners) / 100)]
