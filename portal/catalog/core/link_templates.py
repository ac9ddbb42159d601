"""Links made for every entity from templates: what may stand in one, and what comes of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from portal.catalog.core.fields import is_safe_link
from portal.catalog.core.meaning import CLASSES
from portal.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
NAMES = ("name", "namespace", "kind", "type", "owner", "system", "environment")
KEYED = ("annotation", "label")
KINDS = ("api", "system", "domain", "group")
APPLIES_TO = (*CLASSES, *KINDS)
LONGEST_URL, LONGEST_TITLE, LONGEST_ENVIRONMENT = 2000, 100, 63
MOST_ENVIRONMENTS, MOST_TEMPLATES = 20, 100
ENVIRONMENT = "environment"


@dataclass(frozen=True, slots=True)
class LinkTemplate:
    """What a link is called, its address with placeholders, and what gets it.

    `applies_to` are classes of components and resources, and other kinds; with none everything
    gets it. One link is made for each of `environments` where the address names one.
    """

    title: str
    url: str
    applies_to: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MadeLink:
    """A link of an entity that came from a template; `environment` where it is of one."""

    title: str
    url: str
    environment: str = ""


def check_template(template: LinkTemplate) -> None:
    """Raise InvalidInput naming every field of a template that is wrong."""
    problems = [*_check_title(template), *_check_url(template), *_check_lists(template)]
    if problems:
        raise InvalidInput("The template is not valid.", tuple(problems))


def _check_title(template: LinkTemplate) -> Iterator[Problem]:
    if not 0 < len(template.title) <= LONGEST_TITLE:
        message = f"A title has 1 to {LONGEST_TITLE} characters."
        yield Problem("title", "length", message, "Say what the link leads to, such as Logs.")


def _check_url(template: LinkTemplate) -> Iterator[Problem]:
    url = template.url
    if len(url) > LONGEST_URL:
        yield Problem(
            "url", "length", f"An address has at most {LONGEST_URL} characters.", "Shorten it."
        )
        return
    for text in PLACEHOLDER.findall(url):
        if text not in NAMES and not _is_keyed(text):
            known = ", ".join(f"{{{name}}}" for name in NAMES)
            message = f"`{{{text}}}` stands for nothing."
            yield Problem(
                "url", "placeholder", message, f"Use {known}, {{annotation:KEY}} or {{label:KEY}}."
            )
    bare = PLACEHOLDER.sub("x", url)
    if "{" in bare or "}" in bare:
        message = "A brace is not closed, or not opened."
        yield Problem("url", "braces", message, "Write placeholders as {name}.")
    elif not bare.startswith(("http://", "https://")):
        message = "The address does not begin with https:// or http://."
        yield Problem("url", "scheme", message, "Write a whole address.")
    elif not urlsplit(bare).hostname or not is_safe_link(bare):
        yield Problem("url", "host", "The address names no host.", "Write a whole address.")
    elif PLACEHOLDER.search(url.split("://", 1)[1].split("/", 1)[0]):
        message = "The host of the address is a placeholder."
        yield Problem("url", "host", message, "Write the host; an entity must not choose it.")


def _is_keyed(text: str) -> bool:
    word, colon, key = text.partition(":")
    return bool(colon and key) and word in KEYED


def _check_lists(template: LinkTemplate) -> Iterator[Problem]:
    for word in template.applies_to:
        if word not in APPLIES_TO:
            message = f"`{word}` is no class or kind."
            yield Problem("applies_to", "known", message, f"Use {', '.join(APPLIES_TO)}.")
    names = template.environments
    asked = f"{{{ENVIRONMENT}}}" in template.url
    if asked and not names:
        message = "The address asks for an environment and none is named."
        yield Problem("environments", "required", message, "Name them, such as production.")
    if names and not asked:
        message = "Environments are named and the address does not ask for one."
        yield Problem("environments", "unused", message, "Put {environment} into the address.")
    too_long = any(not 0 < len(name) <= LONGEST_ENVIRONMENT for name in names)
    if len(names) > MOST_ENVIRONMENTS or too_long:
        message = (
            f"At most {MOST_ENVIRONMENTS} environments, each of 1 to {LONGEST_ENVIRONMENT} "
            "characters."
        )
        yield Problem("environments", "length", message, "Name fewer, or shorter ones.")


def make_links(
    templates: Iterable[LinkTemplate], entity: Mapping[str, Any], *, entity_class: str | None
) -> list[MadeLink]:
    """Return the links of an entity; a template whose placeholder has no value here gives none."""
    what = entity_class or str(entity["kind"]).lower()
    return [
        MadeLink(template.title, url, environment)
        for template in templates
        if not template.applies_to or what in template.applies_to
        for environment in _list_environments(template.environments)
        if (url := _expand(template.url, entity, environment)) is not None
    ]


def _list_environments(environments: Sequence[str]) -> Sequence[str]:
    return environments or ("",)


def _expand(url: str, entity: Mapping[str, Any], environment: str) -> str | None:
    """Return an address with its placeholders filled, None where one of them has no value."""
    values = {text: _find(text, entity, environment) for text in PLACEHOLDER.findall(url)}
    if not all(values.values()):
        return None
    return PLACEHOLDER.sub(lambda found: quote(values[found[1]], safe=""), url)


def _find(text: str, entity: Mapping[str, Any], environment: str) -> str:
    metadata, spec = entity["metadata"], entity.get("spec") or {}
    word, colon, key = text.partition(":")
    if colon:
        value = (metadata.get(f"{word}s") or {}).get(key)
    elif word == ENVIRONMENT:
        value = environment
    elif word == "namespace":
        value = metadata.get("namespace", "default")
    elif word == "name":
        value = metadata["name"]
    elif word == "kind":
        value = str(entity["kind"]).lower()
    else:
        value = spec.get(word)
        if word in ("owner", "system") and isinstance(value, str):
            value = value.rpartition("/")[2].rpartition(":")[2]
    return value if isinstance(value, str) else ""
