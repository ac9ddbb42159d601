"""Who acts and whether they may: values and pure decisions."""

from portal.auth.core.decisions import (
    CLI,
    Actor,
    Decision,
    Subject,
    add_opened,
    authorise,
    decide,
    make_anonymous,
    might,
)

ANONYMOUS = make_anonymous(may_read=True)

__all__ = [
    "ANONYMOUS",
    "CLI",
    "Actor",
    "Decision",
    "Subject",
    "add_opened",
    "authorise",
    "decide",
    "make_anonymous",
    "might",
]
