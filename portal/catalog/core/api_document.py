"""What an API offers, in the plain shape that pages read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SchemaRow:
    """One line of an outline; `is_option` when it heads one of several possible shapes."""

    depth: int
    name: str
    type: str
    required: bool = False
    description: str = ""
    choices: tuple[str, ...] = ()
    is_option: bool = False


@dataclass(frozen=True, slots=True)
class SchemaOutline:
    """A schema as indented lines; `more` counts what was left out, at least."""

    type: str
    description: str = ""
    choices: tuple[str, ...] = ()
    rows: tuple[SchemaRow, ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a caller may send beside the body; `place` is path, query, header or cookie."""

    name: str
    place: str
    type: str
    required: bool = False
    deprecated: bool = False
    description: str = ""
    default: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Content:
    """A body in one media type, which is empty when the document names none."""

    media_type: str
    outline: SchemaOutline


@dataclass(frozen=True, slots=True)
class RequestBody:
    """What a caller sends, in one of several media types."""

    required: bool
    description: str
    contents: tuple[Content, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer by its status, which may be `default` or a range such as `4XX`."""

    status: str
    description: str
    contents: tuple[Content, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path; `anchor` is unique within the document."""

    anchor: str
    method: str
    path: str
    summary: str
    description: str
    deprecated: bool
    operation_id: str
    parameters: tuple[Parameter, ...]
    body: RequestBody | None
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class OperationGroup:
    """The operations of one tag."""

    name: str
    description: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Server:
    """Where the API answers."""

    url: str
    description: str


@dataclass(frozen=True, slots=True)
class ApiDocument:
    """A whole API.

    `total` counts all operations, also those beyond the limit; `is_cut` says
    that the work allowed for one document ended before its schemas did.
    """

    format: str
    title: str
    version: str
    description: str
    servers: tuple[Server, ...]
    groups: tuple[OperationGroup, ...]
    total: int
    is_cut: bool

    @property
    def shown(self) -> int:
        """How many operations are in the groups."""
        return sum(len(group.operations) for group in self.groups)
