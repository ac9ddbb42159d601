"""SCIM filters as SQL conditions: every value is bound, every answer true or false, not null."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import ge, gt, le, lt
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter
from scim2_models import InvalidFilterException
from scim2_models.path import (
    CompareOperator,
    Comparison,
    FilterVisitor,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
    ValuePath,
)
from sqlalchemy import ColumnElement, and_, false, func, not_, or_, true

from portal.auth.core.provisioned import fold
from portal.ownership.core.scim import UNSTORABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scim2_models.path import AttrPath, FilterNode

Condition = ColumnElement[bool]
FOLDED, EXACT, FLAG, TIME = "folded", "exact", "flag", "time"
ORDERS: dict[CompareOperator, Callable[[Any, Any], Any]] = {
    CompareOperator.gt: gt,
    CompareOperator.ge: ge,
    CompareOperator.lt: lt,
    CompareOperator.le: le,
}
_flags: TypeAdapter[bool] = TypeAdapter(bool)
_times: TypeAdapter[datetime] = TypeAdapter(datetime)


@dataclass(frozen=True, slots=True)
class Stored:
    """An attribute with one value: its column, and how it is compared."""

    column: ColumnElement[Any]
    kind: str = FOLDED


@dataclass(frozen=True, slots=True)
class Listed:
    """An attribute with many values: `among` says that one of them fits a condition."""

    among: Callable[[Condition], Condition]
    parts: Mapping[str, Stored]
    order: ColumnElement[Any] | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """A resource: the URN of its schema and its attributes by name in lower case."""

    urn: str
    single: Mapping[str, Stored]
    many: Mapping[str, Listed] = field(default_factory=dict)


class SqlFilter(FilterVisitor[Condition]):
    """Turns a filter, whose names and operators were checked, into a condition."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape

    def visit_logical_expr(self, node: LogicalExpr) -> Condition:
        """Join the terms."""
        join = and_ if node.op == LogicalOperator.and_ else or_
        return join(*(self.visit(term) for term in node.terms))

    def visit_not(self, node: Not) -> Condition:
        """Turn a term round."""
        return not_(self.visit(node.expr))

    def visit_present(self, node: Present) -> Condition:
        """Whether an attribute has a value, or a complex one any part with a value."""
        if not self._is_ours(node.attr_path):
            return false()
        name, part = self._split(node.attr_path)
        listed = self.shape.many.get(name)
        if listed is not None:
            return listed.among(_is_there(listed.parts[part]) if part in listed.parts else true())
        wanted = [
            stored
            for key, stored in self.shape.single.items()
            if key == _join(name, part) or (not part and key.startswith(f"{name}."))
        ]
        return or_(false(), *(_is_there(stored) for stored in wanted))

    def visit_comparison(self, node: Comparison) -> Condition:
        """Compare an attribute, or any value of one with many."""
        if not self._is_ours(node.attr_path):
            return false()
        name, part = self._split(node.attr_path)
        listed = self.shape.many.get(name)
        if listed is None:
            return _compare(self._find(self.shape.single, _join(name, part)), node.op, node.value)
        stored = self._find(listed.parts, part or "value")
        return _compare_any(listed, stored, node.op, node.value)

    def visit_value_path(self, node: ValuePath) -> Condition:
        """Whether one value of an attribute fits all that stands in the brackets."""
        listed = self.shape.many.get(node.attr_path.attr.lower())
        if listed is None or not self._is_ours(node.attr_path):
            return false()
        return listed.among(SqlFilter(Shape("", listed.parts)).visit(node.val_filter))

    def _is_ours(self, path: AttrPath) -> bool:
        return path.uri is None or path.uri.lower() == self.shape.urn.lower()

    def _split(self, path: AttrPath) -> tuple[str, str]:
        return path.attr.lower(), (path.sub_attr or "").lower()

    def _find(self, among: Mapping[str, Stored], name: str) -> Stored:
        found = among.get(name)
        if found is None:
            raise InvalidFilterException(detail=f"{name} cannot be compared")
        return found


def make_condition(shape: Shape, node: FilterNode) -> Condition:
    """Return the condition of a filter over one resource."""
    return SqlFilter(shape).visit(node)


def _join(name: str, part: str) -> str:
    return f"{name}.{part}" if part else name


def _is_there(stored: Stored) -> Condition:
    is_set = stored.column.is_not(None)
    return and_(is_set, stored.column != "") if stored.kind in (FOLDED, EXACT) else is_set


def _compare_any(listed: Listed, stored: Stored, op: CompareOperator, value: Any) -> Condition:
    """Compare many values: one must fit, or for `ne` none may be equal."""
    if value is None:
        some = listed.among(stored.column.is_not(None))
        return _choose_null(op, is_null=not_(some))
    if op == CompareOperator.ne:
        return not_(listed.among(_compare(stored, CompareOperator.eq, value)))
    return listed.among(_compare(stored, op, value))


def _choose_null(op: CompareOperator, *, is_null: Condition) -> Condition:
    if op == CompareOperator.eq:
        return is_null
    return not_(is_null) if op == CompareOperator.ne else false()


def _compare(stored: Stored, op: CompareOperator, value: Any) -> Condition:
    column = stored.column
    if value is None:
        return _choose_null(op, is_null=column.is_(None))
    wanted = _prepare(stored.kind, value)
    if op == CompareOperator.ne:
        return or_(column.is_(None), column != wanted)
    if op == CompareOperator.eq:
        fits: Condition = column == wanted
    elif op in ORDERS:
        fits = ORDERS[op](column, wanted)
    else:
        fits = _holds(column, op, wanted)
    return and_(column.is_not(None), fits)


def _holds(column: ColumnElement[Any], op: CompareOperator, text: Any) -> Condition:
    """Whether a text begins with, ends with or holds another; no pattern, so nothing to escape."""
    if not isinstance(text, str):
        return false()
    if op == CompareOperator.sw:
        return func.substr(column, 1, len(text)) == text
    if op == CompareOperator.ew:
        start = func.length(column) - len(text) + 1
        return and_(start >= 1, func.substr(column, start) == text)
    return func.replace(column, text, "") != column if text else true()


def _prepare(kind: str, value: Any) -> Any:
    """Return a value in the form its column keeps."""
    if kind == FLAG:
        return _flags.validate_python(value)
    if kind == TIME:
        moment = _times.validate_python(value)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    text = str(value)
    if UNSTORABLE.search(text):
        raise InvalidFilterException(detail="a value holds a character that no text can hold")
    return fold(text) if kind == FOLDED else text
