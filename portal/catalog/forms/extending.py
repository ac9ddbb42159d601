"""Lists' queries with what features and admins add: marks and own fields."""

from __future__ import annotations

from functools import cache, lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

from pydantic import Field, create_model

from portal.catalog.core.facets import FILTERS, SORTS
from portal.catalog.forms import Chosen, ColumnName, EntityFilterQuery, FacetName

if TYPE_CHECKING:
    from portal.catalog.core.own_fields import OwnField

ListForm = TypeVar("ListForm", bound=EntityFilterQuery)


@cache
def with_marks(form: type[ListForm], names: tuple[str, ...]) -> type[ListForm]:
    """Return `form` with a filter for each mark, which counts as a facet too.

    Raises ValueError for a mark that is called like something lists have already.
    """
    taken = {*names} & {*form.model_fields, *FILTERS, *SORTS}
    if taken:
        raise ValueError(f"marks cannot be called {', '.join(sorted(taken))}")
    if not names:
        return form
    facet: Any = Literal[(*get_args(FacetName), *names)]
    fields: dict[str, Any] = dict.fromkeys(names, (Chosen, ()))
    fields |= {"facet": (tuple[facet, ...], ())} if "facet" in form.model_fields else {}
    fields |= {"more": (facet | None, None)} if "more" in form.model_fields else {}
    made = _derive(form, fields)
    made.mark_names = names
    return made


@lru_cache(maxsize=64)
def extend_form(
    form: type[ListForm], marks: tuple[str, ...], fields: tuple[OwnField, ...]
) -> type[ListForm]:
    """Return `form` with marks, and with each own field as filter, facet, order and column.

    Own fields change while a process runs; what was made for those before goes when it is unused.
    """
    marked = with_marks(form, marks)
    if not fields:
        return marked
    names = tuple(each.name for each in fields)
    facet: Any = Literal[(*get_args(FacetName), *marks, *names)]
    column: Any = Literal[(*get_args(ColumnName), *names)]
    added: dict[str, Any] = {
        f"own_{each.key}": (Chosen, Field((), alias=each.name, description=each.title))
        for each in fields
    }
    choices = {"facet": (tuple[facet, ...], ()), "more": (facet | None, None)}
    choices["columns"] = (tuple[column, ...], ())
    added |= {name: each for name, each in choices.items() if name in form.model_fields}
    extended = _derive(marked, added)
    extended.own_fields = MappingProxyType({each.name: each for each in fields})
    return extended


def _derive(form: type[ListForm], fields: dict[str, Any]) -> type[ListForm]:
    return create_model(form.__name__, __base__=form, __doc__=form.__doc__, **fields)
