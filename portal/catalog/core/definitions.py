"""What an API definition is, and what can be read out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portal.catalog.core.operations import is_openapi, read_api
from portal.catalog.core.yaml_text.documents import NotText, read_documents

if TYPE_CHECKING:
    from portal.catalog.core.api_document import ApiDocument

LABELS = {
    "openapi": "OpenAPI",
    "asyncapi": "AsyncAPI",
    "graphql": "GraphQL",
    "grpc": "Protocol Buffers",
    "other": "Definition",
}
LANGUAGES = {"graphql": "graphql", "grpc": "protobuf", "asyncapi": "yaml", "openapi": "yaml"}
LONGEST_PARSED = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Definition:
    """A definition: its format, the language to highlight it in, its operations where it has any.

    `problem` says why operations that were to be expected could not be read.
    """

    format: str
    language: str
    api: ApiDocument | None = None
    problem: str = ""


def read_definition(text: str, type_word: str | None) -> Definition:
    """Return what a definition is, by its own words first, then by what its type says."""
    said = (type_word or "").strip().lower()
    parsed = None if said in ("graphql", "grpc") else _parse(text)
    if isinstance(parsed, dict) and is_openapi(parsed):
        return Definition("openapi", _language(text), read_api(parsed))
    if isinstance(parsed, dict) and "asyncapi" in parsed:
        return Definition("asyncapi", _language(text))
    kind = said if said in LANGUAGES else "other"
    problem = ""
    if kind == "openapi":
        problem = "The text is not one OpenAPI document that can be read; it is shown as it is."
    language = LANGUAGES.get(kind, _language(text) if isinstance(parsed, dict) else "text")
    return Definition(kind, language, problem=problem)


def _language(text: str) -> str:
    return "json" if text.lstrip().startswith("{") else "yaml"


def _parse(text: str) -> Any:
    if len(text) > LONGEST_PARSED:
        return None
    try:
        documents = [document for document in read_documents(text) if not document.is_empty]
    except NotText:
        return None
    return documents[0].value if len(documents) == 1 else None
