"""File patterns of CODEOWNERS, matched in time that grows with pattern and path, never worse.

No regular expression is built from a file: somebody else's pattern could then take forever.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

STAR, ANY_ONE, DEEP = "*", "?", "**"
Token = str | frozenset[str]


@dataclass(frozen=True, slots=True)
class Pattern:
    """Tokens of each step; DEEP stands for any number of folders. `below` takes what lies inside.

    `exact` takes the path itself.
    """

    steps: tuple[tuple[Token, ...] | str, ...]
    exact: bool
    below: bool

    def matches(self, path: str) -> bool:
        """Whether a path of the repository is meant."""
        parts = path.strip("/").split("/")
        if self.exact and _match(self.steps, parts):
            return True
        return self.below and _match((*self.steps, DEEP, (STAR,)), parts)


def as_ignore_file(text: str, *, is_flat_star: bool) -> Pattern:
    """Return a pattern with the meaning it has in a `.gitignore`.

    `is_flat_star`: a star at the end of a path means what lies directly there.
    """
    inner = text.rstrip("/")
    is_anchored = "/" in inner
    words = [word for word in inner.split("/") if word]
    is_folder = text.endswith("/")
    ends_deep = bool(words) and words[-1] == DEEP
    steps = _make_steps(words, is_anchored=is_anchored, has_ranges=False)
    if ends_deep:
        steps = (*steps, (STAR,))
    is_flat = is_flat_star and is_anchored and words[-1:] == [STAR]
    return Pattern(steps, exact=not is_folder, below=not is_flat)


def as_file_match(text: str) -> Pattern:
    """Return a pattern with the meaning of Ruby's `File.fnmatch`, as GitLab calls it."""
    words = [word for word in text.split("/") if word]
    if text.endswith("/"):
        words += [DEEP, STAR]
    elif words[-1:] == [DEEP]:
        words[-1] = STAR
    steps = _make_steps(words, is_anchored=text.startswith("/"), has_ranges=True)
    return Pattern(steps, exact=True, below=False)


def _make_steps(
    words: Sequence[str], *, is_anchored: bool, has_ranges: bool
) -> tuple[tuple[Token, ...] | str, ...]:
    steps: list[tuple[Token, ...] | str] = [] if is_anchored else [DEEP]
    for word in words:
        step = DEEP if word == DEEP else _tokenise(word, has_ranges=has_ranges)
        if step != DEEP or steps[-1:] != [DEEP]:
            steps.append(step)
    return tuple(steps)


def _tokenise(word: str, *, has_ranges: bool) -> tuple[Token, ...]:
    """Return the tokens of one step; a set holds the characters a range allows."""
    tokens: list[Token] = []
    at = 0
    while at < len(word):
        char = word[at]
        end = word.find("]", at + 2) if char == "[" and has_ranges else -1
        if char == "\\" and at + 1 < len(word):
            at += 1
            tokens.append(frozenset(word[at]))
        elif end != -1:
            tokens.append(_read_range(word[at + 1 : end]))
            at = end
        elif char == STAR:
            if tokens[-1:] != [STAR]:
                tokens.append(STAR)
        elif char == ANY_ONE:
            tokens.append(ANY_ONE)
        else:
            tokens.append(frozenset(char))
        at += 1
    return tuple(tokens)


def _read_range(text: str) -> frozenset[str]:
    """Return the characters of `a-z0`; ones that are shut out are marked by an empty text."""
    is_shut = text[:1] in ("^", "!")
    text = text[1:] if is_shut else text
    found = set(text)
    for at in range(1, len(text) - 1):
        if text[at] == "-" and ord(text[at + 1]) - ord(text[at - 1]) in range(256):
            found |= {chr(code) for code in range(ord(text[at - 1]), ord(text[at + 1]) + 1)}
    return frozenset(found | {""}) if is_shut else frozenset(found)


def _match(steps: Sequence[tuple[Token, ...] | str], parts: Sequence[str]) -> bool:
    return _walk(steps, parts, DEEP, _match_step)


def _match_step(step: tuple[Token, ...] | str, part: str) -> bool:
    return _walk(step, part, STAR, _match_char)


def _match_char(token: Token, char: str) -> bool:
    if isinstance(token, str):
        return token == ANY_ONE
    return (char not in token) if "" in token else (char in token)


def _walk(
    wanted: Sequence[Any], found: Sequence[str], wild: str, fits: Callable[[Any, str], bool]
) -> bool:
    """Match one sequence against another in which `wild` stands for any number of items.

    When something does not fit, only the last wild card is tried again: more is never needed.
    """
    at = here = 0
    retry = -1
    kept = 0
    while here < len(found):
        if at < len(wanted) and wanted[at] == wild:
            retry, kept = at, here
            at += 1
        elif at < len(wanted) and fits(wanted[at], found[here]):
            at += 1
            here += 1
        elif retry != -1:
            kept += 1
            at, here = retry + 1, kept
        else:
            return False
    return all(each == wild for each in wanted[at:])
