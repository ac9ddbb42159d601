"""Tells catalog descriptors from templates of them and from what only looks alike."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

KUBERNETES_GROUPS = frozenset(("", "apps", "batch", "autoscaling", "policy", "extensions", "core"))
FOREIGN_GROUPS = (
    "k8s.io",
    "argoproj.io",
    "istio.io",
    "fluxcd.io",
    "cert-manager.io",
    "coreos.com",
    "tekton.dev",
    "knative.dev",
    "crossplane.io",
    "openshift.io",
    "x-k8s.io",
    "traefik.io",
    "hashicorp.com",
    "slok.dev",
    "upbound.io",
    "external-secrets.io",
    "kyverno.io",
    "keda.sh",
    "grafana.com",
)
FOREIGN_VERSIONS = ("openslo/", "sloth/", "datadog/", "compass/", "nobl9/", "dapr.io/")
KUBERNETES_KINDS = frozenset(
    (
        "Pod",
        "Service",
        "ConfigMap",
        "Secret",
        "Namespace",
        "ServiceAccount",
        "PersistentVolume",
        "PersistentVolumeClaim",
        "Deployment",
        "StatefulSet",
        "DaemonSet",
        "ReplicaSet",
        "Job",
        "CronJob",
        "HorizontalPodAutoscaler",
        "PodDisruptionBudget",
        "Endpoints",
        "Node",
        "List",
        "LimitRange",
        "ResourceQuota",
        "Event",
        "Ingress",
    )
)
TEMPLATE_MARKS = re.compile(r"\$\{\{|\{%-?\s|\{\{\s*[\w.\-]+[^}]*\}\}")
TEMPLATE_KEY = re.compile(r"\{ .* \}")
STARTS_LIKE_ONE = re.compile(r"^\s*[\"']?(apiVersion|kind|metadata)[\"']?\s*:", re.MULTILINE)


def looks_like_descriptor(value: Any) -> bool:
    """Whether a document means to be an entity: an envelope, and no other product's."""
    if not isinstance(value, Mapping):
        return False
    present = sum(name in value for name in ("apiVersion", "kind", "metadata"))
    if present < 2:  # noqa: PLR2004 the number says it best here
        return False
    return not _is_foreign(value.get("apiVersion"), value.get("kind"), value)


def _is_foreign(version: Any, kind: Any, value: Mapping[str, Any]) -> bool:
    if not isinstance(version, str):
        return "spec" not in value and not isinstance(value.get("metadata"), Mapping)
    group = version.rpartition("/")[0]
    if version.startswith(FOREIGN_VERSIONS) or group.endswith(FOREIGN_GROUPS):
        return True
    if not group and kind is not None and not isinstance(kind, str):
        # A version without a group and no shape of an entity: a mistake in one is not that large.
        return not isinstance(value.get("metadata"), Mapping)
    return group in KUBERNETES_GROUPS and isinstance(kind, str) and kind in KUBERNETES_KINDS


def looks_like_template(text: str) -> bool:
    """Whether a text still holds marks of a template engine in place of values."""
    return TEMPLATE_MARKS.search(text) is not None


def holds_template(value: Any) -> bool:
    """Whether the identity of an entity is still a template's placeholder."""
    if not isinstance(value, Mapping):
        return False
    metadata = value.get("metadata")
    identity = [value.get("kind"), value.get("apiVersion")]
    if isinstance(metadata, Mapping):
        identity += [metadata.get("name"), metadata.get("namespace")]
    else:
        identity.append(metadata)
    return any(is_template_value(part) for part in identity)


def is_template_value(part: Any) -> bool:
    """Whether a value is still a template's placeholder."""
    if isinstance(part, str):
        return looks_like_template(part)
    return isinstance(part, Mapping) and any(TEMPLATE_KEY.fullmatch(str(key)) for key in part)


def broken_text_means_descriptor(text: str) -> bool:
    """Whether a text that could not be read was meant as a descriptor."""
    return len(set(STARTS_LIKE_ONE.findall(text))) >= 2  # noqa: PLR2004 the number says it best here
