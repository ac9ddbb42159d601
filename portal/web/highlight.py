"""Source text with its parts marked by classes; colours are the stylesheet's."""

from __future__ import annotations

from typing import ClassVar

from markupsafe import Markup, escape
from pygments import highlight as colour
from pygments.formatters import HtmlFormatter
from pygments.lexer import RegexLexer, words
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Keyword, Name, Number, Punctuation, String, Text
from pygments.util import ClassNotFound

LONGEST = 300_000
KEYWORDS = """type interface enum input union scalar schema extend directive implements on
repeatable query mutation subscription fragment"""
_formatter = HtmlFormatter(nowrap=True, classprefix="hl-")


class GraphQLSchemaLexer(RegexLexer):  # type: ignore[misc]  # Pygments has no types
    """Schemas of GraphQL; the lexer that comes with Pygments reads queries only."""

    tokens: ClassVar = {
        "root": [
            (r"#.*", Comment),
            # What is never closed runs on: a pattern that fails at the end would be tried again
            # from each quote.
            (r'"""(?:\\"""|(?!""").|\n)*(?:""")?', String),
            (r'"(?:\\.|[^"\\\n])*"?', String),
            (r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", Number),
            (r"@\w+", Name.Decorator),
            (words(("true", "false", "null"), suffix=r"\b"), Keyword.Constant),
            # A field may be called like a keyword.
            (words(KEYWORDS.split(), suffix=r"\b(?!\s*[:(])"), Keyword),
            (r"[A-Z]\w*", Name.Class),
            (r"\w+", Name),
            (r"[^\S\n]+|\n", Text),
            (r".", Punctuation),
        ]
    }


def highlight(text: str, language: str) -> Markup:
    """Return text as HTML with classes; plain when it is long or the language is not known."""
    if len(text) > LONGEST or language == "text":
        return escape(text)
    try:
        lexer = (
            GraphQLSchemaLexer(stripnl=False)
            if language == "graphql"
            else get_lexer_by_name(language, stripnl=False)
        )
    except ClassNotFound:
        return escape(text)
    return Markup(colour(text, lexer, _formatter))  # noqa: S704 the formatter escapes
