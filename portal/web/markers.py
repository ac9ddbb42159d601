"""Labels that say who may use a view. They only label; `portal.auth` enforces them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

View = TypeVar("View", bound="Callable[..., Any]")
LABEL = "required_permission"
RECENT = "asks_recent_sign_in"
BY_OBJECT = "is_decided_by_object"
UNFORGEABLE = "needs_no_form_token"
PUBLIC = "public"
LABELS = (LABEL, RECENT, BY_OBJECT, UNFORGEABLE)


def requires(
    permission: str, *, recent: bool = False, by_object: bool = False
) -> Callable[[View], View]:
    """Label a view with the permission it needs, `area:thing:verb`.

    `recent` asks for a sign-in of the last minutes too. `by_object` lets in whoever might do it
    to something, such as owners: the service behind the view then decides about the thing.
    """
    if permission.count(":") != 2:  # noqa: PLR2004 the number says it best here
        raise ValueError(f"{permission!r}: write area:thing:verb")

    def label(view: View) -> View:
        setattr(view, LABEL, permission)
        setattr(view, RECENT, recent)
        setattr(view, BY_OBJECT, by_object)
        return view

    return label


def unforgeable(view: View) -> View:
    """Label a view whose caller proves itself by other means than the session's cookie."""
    setattr(view, UNFORGEABLE, True)
    return view


def asks_recent(view: Any) -> bool:
    """Whether a view asks for a recent sign-in."""
    return bool(getattr(view, RECENT, False))


def is_by_object(view: Any) -> bool:
    """Whether the service behind a view decides about the thing it is asked for."""
    return bool(getattr(view, BY_OBJECT, False))


def is_unforgeable(view: Any) -> bool:
    """Whether a view needs no form token."""
    return bool(getattr(view, UNFORGEABLE, False))


def public(view: View) -> View:
    """Label a view that anyone may use, signed in or not."""
    setattr(view, LABEL, PUBLIC)
    return view


def get_label(view: Any) -> str | None:
    """Return the label of a view; None when its author forgot, which denies it to everyone."""
    label = getattr(view, LABEL, None)
    return label if isinstance(label, str) else None
