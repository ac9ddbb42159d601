"""Source text with its parts marked by classes; colours are the stylesheet's."""

from __future__ import annotations

from markupsafe import Markup, escape
from pygments import highlight as colour
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

LONGEST = 300_000
_formatter = HtmlFormatter(nowrap=True, classprefix="hl-")


def highlight(text: str, language: str) -> Markup:
    """Return text as HTML with classes; plain when it is long or the language is not known."""
    if len(text) > LONGEST or language == "text":
        return escape(text)
    try:
        lexer = get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return escape(text)
    return Markup(colour(text, lexer, _formatter))  # noqa: S704 the formatter escapes
