"""Every warning a translation can give, in words."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Rule:
    """What a warning says, with `{detail}` where something of the file stands, and what to do."""

    message: str
    fix: str


OWNER_FIX = "Name the team that answers for it; until then its owner is `unknown`."
LINK_FIX = "Write a full address that begins with http:, https: or mailto:."
RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "name-changed": Rule(
            "the catalog allows other names, so this one reads {detail}.",
            "Use letters, digits, `-`, `_` and `.` to keep the name as it is.",
        ),
        "scalar-converted": Rule(
            "a number or boolean stands where text belongs; it is read as {detail}.",
            "Put it in quotes.",
        ),
        "wrong-type": Rule(
            "{detail} has another shape than the product documents.", "Write what it documents."
        ),
        "unknown-field": Rule(
            "no version of this product documents the field for this kind of file.",
            "Correct or delete it.",
        ),
        "value-outside-list": Rule(
            "{detail} is not among the values the product documents.", "Check the spelling."
        ),
        "owner-missing": Rule("no owner is named.", OWNER_FIX),
        "owner-not-a-team": Rule("only people or channels are named as owners.", OWNER_FIX),
        "owner-shortened": Rule(
            "only the last part, {detail}, names the team here.",
            "Check that no other team has that name.",
        ),
        "owner-is-an-id": Rule(
            "the file holds the id of a team, not its name: {detail}.",
            "Describe a Group of that name, or name the owner in a catalog-info.yaml.",
        ),
        "lifecycle-missing": Rule(
            "no lifecycle is stated; it reads `unknown`.", "State one where the product has it."
        ),
        "type-defaulted": Rule("no type is stated; {detail} is taken.", "State the type."),
        "title-missing": Rule("there is no title.", "Add one."),
        "id-missing": Rule(
            "there is no component id, so nothing ties this to the product's own record.",
            "Add the id the product shows.",
        ),
        "not-an-id": Rule("{detail} is no id as this product writes them.", "Copy the id again."),
        "dependency-by-id": Rule(
            "dependencies are given by id alone; they are kept as an annotation, not as relations.",
            "Name them in a catalog-info.yaml to see them in graphs.",
        ),
        "dependency-kind-guessed": Rule(
            "the reference names no kind; {detail} is taken.", "Write `kind:name`."
        ),
        "second-parent": Rule("an entity has one parent; this one is a further.", "Keep one."),
        "component-elsewhere": Rule(
            "{detail} is not described in this file, so the relation cannot be stated there.",
            "State the relation in that component's own file.",
        ),
        "inheritance-not-followed": Rule(
            "what {detail} would add is not read.", "Repeat here what should show."
        ),
        "label-as-tag": Rule(
            "the pair cannot be a label, or its key is taken; it is kept as the tag {detail}.",
            "Use each key once, with values of letters, digits, `-`, `_` and `.`.",
        ),
        "tag-changed": Rule("as a tag it reads {detail}.", "Use small letters and `-`."),
        "tag-dropped": Rule("{detail} cannot become a tag.", "Shorten or rename it."),
        "link-no-url": Rule("a link without an address.", "Add `url`."),
        "link-relative": Rule("{detail} is no full address.", LINK_FIX),
        "link-scheme": Rule("{detail} may not become a link.", LINK_FIX),
        "contact-no-value": Rule("a contact without a value.", "Say how to reach it."),
    }
)
