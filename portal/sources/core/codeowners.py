"""CODEOWNERS of GitHub, GitLab and Bitbucket: who is asked to review which file.

That is a hint at who answers for something, never a fact: it is suggested and nothing more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from portal.sources.core.foreign.names import make_name
from portal.sources.core.owner_patterns import as_file_match, as_ignore_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from portal.sources.core.owner_patterns import Pattern

GITHUB, GITLAB, BITBUCKET = "github", "gitlab", "bitbucket"
PLACES = {
    ".github/CODEOWNERS": GITHUB,
    "CODEOWNERS": None,
    "docs/CODEOWNERS": None,
    ".gitlab/CODEOWNERS": GITLAB,
    ".bitbucket/CODEOWNERS": BITBUCKET,
}
"""Where the file may lie, the first that is there counts, and whose it is then."""
LONGEST_OWNER = 320
LARGEST = 3 * 1024 * 1024
CATCH_ALL = frozenset(("*", "**", "/**", "**/*"))
EMAIL = re.compile(r"[^\s@<>()]+@[^\s@<>()]+\.[^\s@<>()]+")
MENTION = re.compile(r"@@?[\w.-]+(?:/[\w.-]+)*")
OWNER_LIKE = re.compile(r"(?:^|\s)@{1,3}[\w{$]|[^\s@]@[^\s@]+\.")
TEMPLATE = re.compile(r"@?\$?\{\{[^}]*\}\}|@?\{%[^%]*%\}")
SELECTOR = re.compile(r"(@[\w./-]+):(?:(?:random|least_busy)(?:\(\d*\))?|all)(?=\s|$)")
HEADING = re.compile(r"(\^?)\[([^\[\]]+)\](?:\[(-?\d+)\])?(?:\s+(.*))?")
LIKE_HEADING = re.compile(r"\^?\[[^\]]*(?:\](?:$|\s|\[)|$)")
WARNINGS = {
    "too-large": "it is over 3 MB, so GitHub does not load it.",
    "negation-unsupported": "the product knows no `!`; the line means nothing.",
    "escape-unsupported": "the product knows no `\\#`; the line means nothing.",
    "range-unsupported": "the product knows no `[…]`; the line means nothing.",
    "pattern-looks-like-owner": "the first word is a pattern: it means files, not owners.",
    "owner-invalid": "a word is no owner, so GitHub skips the line.",
    "template": "the owner is still a template's placeholder.",
    "selector-dropped": "how reviewers are chosen has no place here; the group counts.",
    "app-syntax": "it is the syntax of an app, not of Bitbucket.",
    "section-invalid": "it is no heading that GitLab reads.",
    "approvals-below-one": "GitLab asks for one approval all the same.",
    "inline-comment": "GitLab knows no comment behind a pattern; mentions in it are owners.",
    "no-owners": "neither the line nor its section names an owner.",
    "role-owner": "a role is no team.",
    "owner-kind-unknown": "on GitLab this may be a user or a group.",
}
"""What is odd about a line, in words."""
APP_SYNTAX = ("@@@", "Check(")
ROLE = re.compile(r"(?:^|\s)@@(?:developer|maintainer|owner)s?\b")
WORD = re.compile(r"(?:\\.|[^\s\\]|\\$)+")


@dataclass(frozen=True, slots=True)
class Rule:
    """A line: the files it means and their owners; an `excludes` takes files out of a section."""

    pattern: Pattern
    text: str
    owners: tuple[str, ...]
    line: int
    excludes: bool = False


@dataclass(slots=True)
class Section:
    """Rules that are asked on their own; the unnamed one comes first."""

    name: str = ""
    is_optional: bool = False
    approvals: int = 1
    owners: tuple[str, ...] = ()
    rules: list[Rule] = field(default_factory=list)

    def find(self, path: str) -> Rule | None:
        """Return the rule that decides about a path: the last that means it."""
        found = None
        for rule in reversed(self.rules):
            if (rule.excludes or found is None) and rule.pattern.matches(path):
                if rule.excludes:
                    return None
                found = rule
        return found


@dataclass(slots=True)
class CodeOwners:
    """A file as read; `warnings` and `dropped` name lines."""

    flavour: str
    sections: list[Section] = field(default_factory=lambda: [Section()])
    warnings: list[tuple[str, str]] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)

    def warn(self, rule: str, line: int) -> None:
        """Note what is odd about a line, each thing once."""
        told = (rule, f"line {line}")
        if told not in self.warnings:
            self.warnings.append(told)

    def add(self, section: Section, rule: Rule) -> None:
        """Add a rule; e-mails are no odd patterns, for files are called `icon@2x.png`."""
        if MENTION.fullmatch(rule.text):
            self.warn("pattern-looks-like-owner", rule.line)
        section.rules.append(rule)

    def find(self, path: str) -> tuple[tuple[str, ...] | None, int]:
        """Return the owners of a path, None without a rule, and the line that says so first."""
        found = [rule for section in self._in_order() if (rule := section.find(path)) is not None]
        if not found:
            return None, 0
        owners = dict.fromkeys(owner for rule in found for owner in rule.owners)
        return tuple(owners), found[0].line

    def find_for_all(self) -> tuple[tuple[str, ...] | None, int]:
        """Return the owners of everything: those of the last rule that means all files."""
        rules = [
            rule
            for section in self.sections
            if not section.is_optional
            for rule in section.rules
            if rule.text in CATCH_ALL and not rule.excludes
        ]
        last = max(rules, key=lambda rule: rule.line, default=None)
        return (None, 0) if last is None else (last.owners, last.line)

    def _in_order(self) -> Iterable[Section]:
        return sorted(self.sections, key=lambda section: section.is_optional)


def read_codeowners(text: str, flavour: str | None = None) -> CodeOwners | None:
    """Return the rules of a file; None when it names nobody and so is something else.

    `flavour` is the product the repository lives on; without it the content decides.
    """
    text = text.removeprefix("\ufeff")
    lines = [line.strip() for line in re.split(r"\r?\n", text)]
    meant = [line for line in lines if line and not line.startswith("#")]
    if meant and not any(OWNER_LIKE.search(line) for line in meant):
        return None
    found = CodeOwners(flavour or _find_flavour(meant))
    if found.flavour == GITHUB and len(text.encode()) > LARGEST:
        found.warnings.append(("too-large", "file"))
        return found
    readers: dict[str, Callable[[CodeOwners, str, int], None]] = {
        GITHUB: _read_github,
        GITLAB: _GitLab(),
        BITBUCKET: _read_bitbucket,
    }
    read = readers[found.flavour]
    for number, line in enumerate(lines, 1):
        if not line or line.startswith("#"):
            continue
        clean = TEMPLATE.sub("", line)
        if clean != line:
            found.warn("template", number)
        if clean == line or "@" in clean:
            read(found, clean.strip(), number)
    return found


def _find_flavour(lines: list[str]) -> str:
    if any(line.startswith(APP_SYNTAX) or SELECTOR.search(line) for line in lines):
        return BITBUCKET
    if any(HEADING.fullmatch(line) or line.startswith("^[") for line in lines):
        return GITLAB
    return GITLAB if any(ROLE.search(line) for line in lines) else GITHUB


def suggest_owner(owners: Iterable[str] | None, flavour: str) -> str | None:
    """Return the first team as reference, else the first person; an e-mail suggests nobody."""
    people = None
    for owner in owners or ():
        if "/" in owner or (flavour == BITBUCKET and owner.startswith("@@")):
            return f"group:{make_name(owner.lstrip('@').rpartition('/')[2])}"
        if people is None and owner.startswith("@") and flavour != GITLAB:
            people = f"user:{make_name(owner[1:])}"
    return people


def _split(line: str, *, has_comments: bool) -> list[str]:
    """Return the pattern and the words after it; a space behind a backslash is part of it."""
    words = WORD.findall(line)
    if has_comments:
        stop = next((i for i, word in enumerate(words) if word.startswith("#")), len(words))
        words = words[:stop]
    return words


def _check_pattern(found: CodeOwners, pattern: str, number: int) -> bool:
    """Whether GitHub and Bitbucket know the signs of a pattern; else its line means nothing."""
    for rule, is_there in (
        ("negation-unsupported", pattern.startswith("!")),
        ("escape-unsupported", pattern.startswith("\\#")),
        ("range-unsupported", "[" in pattern),
    ):
        if is_there:
            found.warn(rule, number)
            return False
    return True


def _read_github(found: CodeOwners, line: str, number: int) -> None:
    pattern, *owners = _split(line, has_comments=True) or [""]
    if not pattern or not _check_pattern(found, pattern, number):
        return
    if not all(_is_owner(owner) for owner in owners):
        found.warn("owner-invalid", number)
        return
    made = as_ignore_file(pattern, is_flat_star=True)
    found.add(found.sections[0], Rule(made, pattern, tuple(owners), number))


def _is_owner(word: str) -> bool:
    return _names_one(word) and word[:2] != "@@" and word.count("/") < 2  # noqa: PLR2004 organisation and team


def _names_one(word: str) -> bool:
    pattern = MENTION if word.startswith("@") else EMAIL
    return len(word) <= LONGEST_OWNER and pattern.fullmatch(word) is not None


def _read_bitbucket(found: CodeOwners, line: str, number: int) -> None:
    if line.startswith(APP_SYNTAX):
        found.warn("app-syntax", number)
        found.dropped.append(f"line {number}")
        return
    plain = SELECTOR.sub(r"\1", line)
    if plain != line:
        found.warn("selector-dropped", number)
    pattern, *words = _split(plain, has_comments=True) or [""]
    if not pattern or not _check_pattern(found, pattern, number):
        return
    owners = tuple(word for word in words if _names_one(word))
    made = as_ignore_file(pattern, is_flat_star=False)
    found.add(found.sections[0], Rule(made, pattern, owners, number))


class _GitLab:
    """Reads line by line and remembers the section the lines stand in."""

    def __init__(self) -> None:
        self._section: Section | None = None
        self._owners: tuple[str, ...] = ()

    def __call__(self, found: CodeOwners, line: str, number: int) -> None:
        heading = HEADING.fullmatch(line)
        if heading:
            self._open(found, heading, number)
        elif LIKE_HEADING.match(line):
            found.warn("section-invalid", number)
        else:
            self._add(found, line, number)

    def _open(self, found: CodeOwners, heading: re.Match[str], number: int) -> None:
        mark, name, approvals, rest = heading.groups()
        self._owners = _find_owners(found, rest or "", number)
        if approvals is not None and int(approvals[:9]) < 1:
            found.warn("approvals-below-one", number)
        for section in found.sections:
            if section.name.lower() == name.strip().lower():
                self._section = section
                return
        count = 0 if mark else max(1, int((approvals or "1")[:9]))
        self._section = Section(name.strip(), bool(mark), count, self._owners)
        found.sections.append(self._section)

    def _add(self, found: CodeOwners, line: str, number: int) -> None:
        section = self._section or found.sections[0]
        pattern, *words = _split(line, has_comments=False)
        excludes = pattern.startswith("!")
        owners = _find_owners(found, " ".join(words), number) or self._owners
        if any(word.startswith("#") for word in words):
            found.warn("inline-comment", number)
        if not owners and not excludes:
            found.warn("no-owners", number)
        text = pattern.removeprefix("!")
        found.add(section, Rule(as_file_match(text), text, owners, number, excludes=excludes))


def _find_owners(found: CodeOwners, text: str, number: int) -> tuple[str, ...]:
    """Return the owners among the words of a GitLab line; all else there means nothing."""
    owners = []
    for word in text.split():
        if not _names_one(word):
            continue
        owners.append(word)
        if word.startswith("@@"):
            found.warn("role-owner", number)
        elif word.startswith("@") and "/" not in word:
            found.warn("owner-kind-unknown", number)
    return tuple(dict.fromkeys(owners))
