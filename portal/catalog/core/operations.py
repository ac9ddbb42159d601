"""Reads OpenAPI 2.0, 3.0 and 3.1 into operations; nothing in a document can make it fail."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from portal.catalog.core.api_document import (
    Answer,
    ApiDocument,
    Content,
    Operation,
    OperationGroup,
    Parameter,
    RequestBody,
    Server,
)
from portal.catalog.core.loose import (
    as_line,
    as_list,
    as_mapping,
    as_text,
    list_items,
    say_choices,
    say_value,
)
from portal.catalog.core.outlines import outline_schema, say_type
from portal.catalog.core.pointers import Reader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "trace")
MAX_OPERATIONS = 300
MAX_PATHS = 2_000
MAX_PARAMETERS = 60
MAX_ANSWERS = 20
MAX_MEDIA = 6
MAX_TAGS = 200
UNTAGGED = "Other"
NO_ANCHOR = re.compile(r"[^a-z0-9]+")


def is_openapi(document: Any) -> bool:
    """Whether a parsed document says it is OpenAPI or Swagger."""
    return isinstance(document, dict) and ("openapi" in document or "swagger" in document)


def read_api(document: Mapping[str, Any]) -> ApiDocument:
    """Return what an OpenAPI document offers, grouped by tag, at most 300 operations."""
    reader = Reader(document)
    info = as_mapping(document.get("info"))
    found = list(_list_operations(reader, document))
    shown = [
        (tag, _read_operation(reader, document, *where)) for tag, where in found[:MAX_OPERATIONS]
    ]
    version = as_line(document.get("openapi") or document.get("swagger"), 20)
    return ApiDocument(
        f"OpenAPI {version}",
        as_line(info.get("title")),
        as_line(info.get("version"), 60),
        as_text(info.get("description")),
        tuple(_list_servers(document)),
        tuple(_group(document, shown)),
        len(found),
        reader.is_spent,
    )


def _list_servers(document: Mapping[str, Any]) -> Iterator[Server]:
    for item in as_list(document.get("servers"), 10):
        server = as_mapping(item)
        if as_line(server.get("url")):
            yield Server(as_line(server.get("url")), as_line(server.get("description")))
    if isinstance(document.get("host"), str):
        base = as_line(document.get("basePath"))
        yield Server(f"{as_line(document['host'])}{base}", "")


def _list_operations(
    reader: Reader, document: Mapping[str, Any]
) -> Iterator[tuple[str, tuple[str, str, Mapping[str, Any], Mapping[str, Any]]]]:
    for path, item in list_items(document.get("paths"), MAX_PATHS):
        shared = as_mapping(reader.follow(item)[0])
        for method in METHODS:
            if isinstance(shared.get(method), dict):
                operation = shared[method]
                tags = [t for t in as_list(operation.get("tags"), 1) if isinstance(t, str)]
                yield (as_line(tags[0]) if tags else UNTAGGED), (path, method, shared, operation)


def _group(
    document: Mapping[str, Any], shown: list[tuple[str, Operation]]
) -> Iterator[OperationGroup]:
    described: dict[str, str] = {}
    for item in as_list(document.get("tags"), MAX_TAGS):
        tag = as_mapping(item)
        described[as_line(tag.get("name"))] = as_text(tag.get("description"))
    groups: dict[str, list[Operation]] = {name: [] for name in described}
    for label, operation in shown:
        groups.setdefault(label, []).append(operation)
    for name, operations in groups.items():
        if operations:
            yield OperationGroup(name, described.get(name, ""), tuple(operations))


def _read_operation(
    reader: Reader,
    document: Mapping[str, Any],
    path: str,
    method: str,
    shared: Mapping[str, Any],
    operation: Mapping[str, Any],
) -> Operation:
    listed = _list_parameters(reader, shared, operation)
    bodies = [p for p in listed if p.get("in") in ("body", "formData")]
    return Operation(
        f"{method}-{NO_ANCHOR.sub('-', path.lower()).strip('-')}"[:120],
        method.upper(),
        as_line(path),
        as_line(operation.get("summary")),
        as_text(operation.get("description")),
        operation.get("deprecated") is True,
        as_line(operation.get("operationId")),
        tuple(_read_parameter(reader, p) for p in listed if p not in bodies),
        _read_body(reader, document, operation, bodies),
        tuple(_list_answers(reader, document, operation)),
    )


def _list_parameters(
    reader: Reader, shared: Mapping[str, Any], operation: Mapping[str, Any]
) -> list[Mapping[str, Any]]:
    """Return an operation's parameters; one of the path gives way to its own of that name."""
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for owner in (shared, operation):
        for item in as_list(owner.get("parameters"), MAX_PARAMETERS):
            parameter = as_mapping(reader.follow(item)[0])
            if isinstance(parameter.get("name"), str):
                found[parameter["name"], as_line(parameter.get("in"), 20)] = parameter
    return list(found.values())


def _read_parameter(reader: Reader, parameter: Mapping[str, Any]) -> Parameter:
    # OpenAPI 2 writes the type beside the name, 3 puts a schema there.
    schema = parameter.get("schema", parameter)
    resolved = as_mapping(reader.follow(schema)[0])
    default = resolved.get("default")
    return Parameter(
        as_line(parameter.get("name"), 120),
        as_line(parameter.get("in"), 20),
        say_type(reader, schema),
        parameter.get("required") is True,
        parameter.get("deprecated") is True,
        as_line(parameter.get("description")),
        "" if default is None else say_value(default),
        say_choices(resolved.get("enum")),
    )


def _read_body(
    reader: Reader,
    document: Mapping[str, Any],
    operation: Mapping[str, Any],
    bodies: list[Mapping[str, Any]],
) -> RequestBody | None:
    if bodies:
        form = {
            "type": "object",
            "properties": {as_line(b.get("name"), 120): b for b in bodies},
            "required": [b.get("name") for b in bodies if b.get("required") is True],
        }
        schema = bodies[0].get("schema", form) if bodies[0].get("in") == "body" else form
        media = _first_media(operation.get("consumes") or document.get("consumes"))
        content = Content(media, outline_schema(reader, schema))
        required = any(b.get("required") is True for b in bodies)
        return RequestBody(required, as_text(bodies[0].get("description")), (content,))
    body = as_mapping(reader.follow(operation.get("requestBody"))[0])
    if not body:
        return None
    return RequestBody(
        body.get("required") is True,
        as_text(body.get("description")),
        tuple(_list_contents(reader, body.get("content"))),
    )


def _list_contents(reader: Reader, content: Any) -> Iterator[Content]:
    for media, item in list_items(content, MAX_MEDIA):
        yield Content(as_line(media, 80), outline_schema(reader, as_mapping(item).get("schema")))


def _list_answers(
    reader: Reader, document: Mapping[str, Any], operation: Mapping[str, Any]
) -> Iterator[Answer]:
    responses = as_mapping(operation.get("responses"))
    # YAML reads an unquoted 200 as a number.
    named = {str(status): item for status, item in list(responses.items())[:MAX_ANSWERS]}
    for status, item in sorted(named.items()):
        answer = as_mapping(reader.follow(item)[0])
        contents = tuple(_list_contents(reader, answer.get("content")))
        if "schema" in answer:
            media = _first_media(operation.get("produces") or document.get("produces"))
            contents = (Content(media, outline_schema(reader, answer["schema"])),)
        yield Answer(as_line(status, 20), as_text(answer.get("description")), contents)


def _first_media(names: Any) -> str:
    return next((as_line(n, 80) for n in as_list(names, 1) if isinstance(n, str)), "")
