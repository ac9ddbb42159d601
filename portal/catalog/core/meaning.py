"""What a company's free words mean: type → class, lifecycle → stage, tier word → tier.

The raw word is always kept beside its meaning. A word nobody mapped means `other`, no stage, or
no tier; it is never taken for the lowest.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

CLASSES = (
    "service",
    "website",
    "job",
    "worker",
    "library",
    "data_store",
    "infrastructure",
    "external",
    "other",
)
STAGES = ("experimental", "production", "deprecated", "retired")
TIERS = (0, 1, 2, 3)
TIER_LABELS = MappingProxyType(
    {0: "0 · foundation", 1: "1 · critical", 2: "2 · important", 3: "3 · internal"}
)
RUNNING = ("service", "website", "job", "worker")
_SEPARATORS = re.compile(r"[\s_./-]+")


def _words(meanings: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType(
        {word: meaning for meaning, words in meanings.items() for word in words.split()}
    )


CLASS_WORDS = _words(
    {
        "service": "service services microservice api backend "
        "backendservice backendapi "
        "grpcservice restservice webservice server gateway apigateway "
        "bff graphql rpc app application lambda function functions serverless faas proxy",
        "website": "website web webapp webapplication site spa frontend frontendapp ui portal "
        "mobile mobileapp ios android desktop docs documentation microfrontend",
        "job": "job cronjob cron batch batchjob etl pipeline datapipeline scheduledjob task "
        "dag workflow",
        "worker": "worker consumer processor daemon stream streamprocessor eventhandler listener "
        "bot agent operator controller",
        "library": "library lib package module sdk client plugin framework template cli tool "
        "commandline action component designsystem",
        "data_store": "database db datastore datawarehouse warehouse postgres postgresql mysql "
        "mariadb mongodb dynamodb redis elasticsearch opensearch bucket s3bucket s3 storage "
        "objectstorage cache table dataset topic kafkatopic queue messagequeue sqs kafka "
        "rabbitmq bigquery snowflake",
        "infrastructure": "infrastructure infra cluster kubernetescluster k8scluster network vpc "
        "loadbalancer cdn dns server host vm iac terraform helm helmchart chart platform "
        "environment namespace",
        "external": "external externalservice externaltool saas thirdparty vendor partner",
    }
)
STAGE_WORDS = _words(
    {
        "experimental": "experimental experiment alpha beta poc prototype development dev "
        "incubating preview draft planned sandbox staging test",
        "production": "production prod live ga stable active released operational "
        "generallyavailable maintained maintenance",
        "deprecated": "deprecated legacy sunset endoflife eol discouraged frozen",
        "retired": "retired archived decommissioned removed dead offline inactive obsolete",
    }
)
TIER_WORDS = _words(
    {
        "0": "0 tier0 t0 p0 foundation foundational platinum",
        "1": "1 tier1 t1 p1 critical missioncritical businesscritical high gold",
        "2": "2 tier2 t2 p2 important medium silver standard",
        "3": "3 tier3 t3 p3 internal low bronze",
    }
)
TIER_ANNOTATION = "plumbline.dev/tier"
CRITICALITY_ANNOTATION = "plumbline.dev/dependency-criticality"
CRITICALITIES = ("hard", "soft", "async")


def fold(word: str) -> str:
    """Return a word as meanings are looked up: lower case, without separators."""
    return _SEPARATORS.sub("", word.strip().lower())


def _look_up(word: Any, shipped: Mapping[str, str], own: Mapping[str, str]) -> str | None:
    if not isinstance(word, str | int) or isinstance(word, bool):
        return None
    key = fold(str(word))
    for given, meaning in own.items():
        if fold(given) == key:
            return meaning
    return shipped.get(key)


def find_class(type_word: Any, kind: str, own: Mapping[str, str]) -> str | None:
    """Return the class of a component or resource; None for kinds that are no running thing."""
    if kind not in ("component", "resource"):
        return None
    return _look_up(type_word, CLASS_WORDS, own) or "other"


def find_stage(lifecycle: Any, own: Mapping[str, str]) -> str | None:
    """Return the stage a lifecycle word means, None when it is absent or unknown."""
    return _look_up(lifecycle, STAGE_WORDS, own)


def find_tier(entity: Mapping[str, Any], own: Mapping[str, str]) -> int | None:
    """Return the tier named by `spec.tier` or the annotation; None is *not set*."""
    spec = entity.get("spec") or {}
    annotations = entity["metadata"].get("annotations") or {}
    for word in (annotations.get(TIER_ANNOTATION), spec.get("tier"), spec.get("criticality")):
        found = _look_up(word, TIER_WORDS, own)
        if found is not None and found.isdigit() and int(found) in TIERS:
            return int(found)
    return None


def parse_criticalities(entity: Mapping[str, Any]) -> dict[str, str]:
    """Return reference → `hard`, `soft` or `async`, as the annotation of an entity states."""
    annotations = entity["metadata"].get("annotations") or {}
    return read_criticalities(annotations.get(CRITICALITY_ANNOTATION))


def read_criticalities(text: Any) -> dict[str, str]:
    """Return what `ref=soft, ref=hard` states; parts that say nothing known are left out."""
    if not isinstance(text, str):
        return {}
    pairs = (part.rpartition("=") for part in text.split(","))
    return {
        ref.strip().lower(): word.strip().lower()
        for ref, equals, word in pairs
        if equals and word.strip().lower() in CRITICALITIES
    }


def write_criticalities(said: Mapping[str, str]) -> str:
    """Return statements as the annotation holds them, sorted by reference."""
    return ", ".join(f"{ref}={said[ref]}" for ref in sorted(said))
