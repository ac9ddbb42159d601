"""Other names of an entity: what people paste, drawn from links, annotations and locations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from portal.catalog.core.fields import is_safe_link

LONGEST = 400
CERTAIN, LIKELY = "certain", "likely"
ANNOTATIONS = {
    "github.com/project-slug": "github",
    "gitlab.com/project-slug": "gitlab",
    "bitbucket.org/project-slug": "bitbucket",
    "dev.azure.com/project-repo": "azure_devops",
    "github.com/team-slug": "github_team",
    "pagerduty.com/integration-key": "pagerduty",
    "pagerduty.com/service-id": "pagerduty",
    "opsgenie.com/component-selector": "opsgenie",
    "sentry.io/project-slug": "sentry",
    "sonarqube.org/project-key": "sonarqube",
    "jenkins.io/job-full-name": "jenkins",
    "circleci.com/project-slug": "circleci",
    "datadoghq.com/service-name": "datadog",
    "datadoghq.com/site": "datadog_site",
    "backstage.io/kubernetes-id": "kubernetes",
    "backstage.io/kubernetes-label-selector": "kubernetes_selector",
    "snyk.io/project-ids": "snyk",
    "plumbline.dev/hostname": "hostname",
    "plumbline.dev/image": "image",
    "plumbline.dev/package": "package",
}
SECRET_KEYS = frozenset({"pagerduty.com/integration-key"})
REPOSITORY = re.compile(
    r"^(?:url:)?https?://(?P<host>[^/]+)/(?P<path>[^/]+/[^/]+?)(?:\.git)?(?:/.*)?$"
)
# What forges put between a repository and a path in it: github's tree/main/, gitlab's -/blob/main/.
VIEWED = re.compile(r"^([^/]+/[^/]+)/(?:-/)?(?:tree|blob|src|raw|edit)/[^/]+(?=/|$)")
FORGE = re.compile(r"\b(?:git|repo|source|code)|bitbucket|azure", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Alias:
    """`value` names the entity in `system`; `confirmed_by` says which field told so."""

    system: str
    value: str
    confidence: str
    confirmed_by: str


def list_aliases(entity: Mapping[str, Any]) -> list[Alias]:
    """Return the aliases of a checked entity, each (system, value) once, the surest first."""
    found: dict[tuple[str, str], Alias] = {}
    for alias in _list_all(entity):
        if 0 < len(alias.value) <= LONGEST:
            found.setdefault((alias.system, alias.value), alias)
    return list(found.values())


def _list_all(entity: Mapping[str, Any]) -> Iterator[Alias]:
    metadata = entity["metadata"]
    annotations = metadata.get("annotations") or {}
    for key, system in ANNOTATIONS.items():
        value = annotations.get(key)
        if value and key not in SECRET_KEYS:
            yield Alias(system, value.strip().lower(), CERTAIN, f"metadata.annotations.{key}")
    for key in ("backstage.io/source-location", "backstage.io/view-url"):
        yield from _from_repository(
            annotations.get(key, ""), f"metadata.annotations.{key}", CERTAIN
        )
    key = "backstage.io/source-location"
    yield from _from_folder(annotations.get(key, ""), f"metadata.annotations.{key}")
    for index, link in enumerate(metadata.get("links") or ()):
        kind = f"{link.get('type', '')} {link.get('title', '')}"
        yield from _from_link(link["url"], kind, f"metadata.links[{index}].url")
    profile = (entity.get("spec") or {}).get("profile")
    if isinstance(profile, Mapping) and isinstance(profile.get("email"), str):
        yield Alias("email", profile["email"].strip().lower(), CERTAIN, "spec.profile.email")


def _from_repository(text: str, confirmed_by: str, confidence: str) -> Iterator[Alias]:
    match = REPOSITORY.match(text.strip())
    if match:
        yield Alias(
            "repository", f"{match['host']}/{match['path']}".lower(), confidence, confirmed_by
        )


def _from_folder(text: str, confirmed_by: str) -> Iterator[Alias]:
    """Yield the folder of a repository that several share."""
    parts = urlsplit(text.strip().removeprefix("url:"))
    path = plain_path(parts.path.strip("/"))
    if parts.hostname and path.count("/") > 1:
        yield Alias("folder", f"{parts.hostname}/{path}".lower(), CERTAIN, confirmed_by)


def plain_path(path: str) -> str:
    """Return the path within a forge without what only says which branch is looked at."""
    return VIEWED.sub(r"\1", path)


def _from_link(url: str, kind: str, confirmed_by: str) -> Iterator[Alias]:
    if not is_safe_link(url):
        return
    parts = urlsplit(url.strip())
    if parts.scheme == "mailto":
        yield Alias("email", parts.path.lower(), LIKELY, confirmed_by)
        return
    yield Alias("url", url.strip().rstrip("/"), LIKELY, confirmed_by)
    if parts.hostname and parts.path in ("", "/"):
        yield Alias("hostname", parts.hostname.lower(), LIKELY, confirmed_by)
    if FORGE.search(parts.hostname or "") or FORGE.search(kind):
        yield from _from_repository(url, confirmed_by, LIKELY)
