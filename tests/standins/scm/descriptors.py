"""Invented catalog-info.yaml texts: sound ones, broken ones and hostile ones."""

from __future__ import annotations

from .gitobjects import SYMLINK, Content

KINDS = ("service", "library", "website", "job")
LIFECYCLES = ("production", "experimental", "deprecated")
NAME = "catalog-info.yaml"


def component(name: str, owner: str, number: int = 0, kind: str = "Component") -> str:
    """Return one sound entity."""
    spec = f"  type: {KINDS[number % 4]}\n  lifecycle: {LIFECYCLES[number % 3]}\n  owner: {owner}\n"
    if kind == "API":
        spec = f"  type: openapi\n  lifecycle: production\n  owner: {owner}\n"
        spec += "  definition: 'openapi: 3.1.0'\n"
    if kind == "Resource":
        spec = f"  type: database\n  owner: {owner}\n"
    return (
        f"apiVersion: backstage.io/v1alpha1\nkind: {kind}\nmetadata:\n  name: {name}\n"
        f"  description: The {name}\n  tags: [invented]\nspec:\n{spec}"
    )


def several(name: str, owner: str) -> str:
    """Return three entities in one file."""
    rows = ((name, "Component"), (f"{name}-api", "API"), (f"{name}-db", "Resource"))
    return "---\n".join(component(one, owner, kind=kind) for one, kind in rows)


def location(*targets: str, name: str = "all") -> str:
    """Return a Location entity that points at files."""
    rows = "".join(f"    - {target}\n" for target in targets)
    return (
        f"apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata:\n  name: {name}\n"
        f"spec:\n  targets:\n{rows}"
    )


def _entity(kind: str, name: str, spec: str) -> str:
    return (
        f"apiVersion: backstage.io/v1alpha1\nkind: {kind}\nmetadata:\n  name: {name}\nspec:\n{spec}"
    )


_SOUND = component("broken-thing", "team-payments")
BROKEN: dict[str, str | bytes | Content] = {
    "syntax": "apiVersion: backstage.io/v1alpha1\nkind: [Component\nmetadata: }\n",
    "tabs": "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n\tname: x\n",
    "empty": "",
    "not a mapping": "- just\n- a list\n",
    "no kind": _SOUND.replace("kind: Component\n", ""),
    "no name": _SOUND.replace("  name: broken-thing\n", ""),
    "bad name": _SOUND.replace("name: broken-thing", "name: '../../Étage 7'"),
    "unknown apiVersion": _SOUND.replace("v1alpha1", "v9"),
    "unknown kind": _SOUND.replace("kind: Component", "kind: Spaceship"),
    "not UTF-8": b"apiVersion: backstage.io/v1alpha1\nkind: Comp\xff\xfeonent\n",
    "UTF-16": _SOUND.encode("utf-16"),
    "duplicate keys": _SOUND + "kind: API\n",
    "second document broken": _SOUND + "---\nkind: [\n",
    "too large": _SOUND + "# " + "x" * 1_200_000 + "\n",
    "symlink out": Content(b"../../../../etc/passwd", SYMLINK),
    "merge conflict": f"<<<<<<< HEAD\n{_SOUND}=======\n{_SOUND}>>>>>>> theirs\n",
}

_BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{b}: &{b} [*{a},*{a},*{a},*{a},*{a},*{a},*{a},*{a},*{a}]\n"
    for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)

HOSTILE: dict[str, str] = {
    "group": _entity(
        "Group", "administrators", "  type: team\n  children: []\n  members: [mallory]\n"
    ),
    "user": _entity(
        "User", "admin", "  profile: {email: mallory@evil.example}\n  memberOf: [admins]\n"
    ),
    "domain": _entity("Domain", "everything", "  owner: team-mallory\n"),
    "system": _entity("System", "core-banking", "  owner: team-mallory\n"),
    "template": _entity(
        "Template",
        "onboarding",
        "  type: service\n  owner: team-mallory\n  steps:\n    - id: x\n      action: debug:log\n"
        "      input: {message: '${{ secrets.TOKEN }}'}\n",
    ),
    "location absolute": location("https://evil.example/catalog-info.yaml"),
    "location metadata": location("http://169.254.169.254/latest/meta-data/"),
    "location file": location("file:///etc/passwd", "/etc/passwd"),
    "location climb": location("../../../other/repo/catalog-info.yaml", "./..%2f..%2fsecret.yaml"),
    "location self": location("./catalog-info.yaml"),
    "location wide": location(*(f"./c{number}.yaml" for number in range(5000))),
    "policy": _entity("Policy", "allow-all", "  rules: [{allow: '*', to: mallory}]\n"),
    "role": _entity("Role", "admin", "  grants: [portal.admin]\n  members: [mallory]\n"),
    "python tag": "!!python/object/apply:os.system ['true']\n",
    "alias bomb": _BOMB,
    "deep nesting": "a: " + "[" * 20_000 + "]" * 20_000 + "\n",
    "many documents": "---\n".join(component(f"flood-{n}", "team-mallory") for n in range(3000)),
    "script": component("xss", "team-mallory").replace("The xss", '"<img src=x onerror=alert(1)>"'),
    "javascript link": component("links", "team-mallory").replace(
        "  tags:", "  links: [{url: 'javascript:alert(1)', title: Docs}]\n  tags:"
    ),
    "owned by admins": component("seized", "group:default/administrators"),
    "annotation": component("pointer", "team-mallory").replace(
        "  tags:",
        "  annotations:\n    backstage.io/managed-by-location: url:https://evil.example\n"
        "    backstage.io/source-location: url:file:///etc/\n  tags:",
    ),
}


def stolen(victim: str) -> str:
    """Return an entity that bears the name of another team's."""
    return component(victim, "team-mallory")
