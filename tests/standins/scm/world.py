"""An invented organisation, always the same for a seed, and the ways in which it changes."""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import descriptors as texts
from .github import GitHubStandIn
from .gitlab import GitLabStandIn
from .gitobjects import ZERO, Content
from .merging import accept, drop_branch, shut
from .model import Proposal, Push, Repo, Store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ORG = "acme"
TEAMS = ("payments", "identity", "search", "logistics", "billing", "mobile", "data", "platform")
WHAT = ("api", "worker", "ui", "gateway", "library", "jobs", "tools", "docs")
SHARES = (("none", 0.30), ("broken", 0.04), ("several", 0.05), ("folder", 0.05), ("monorepo", 0.02))
FOLDERS = ("docs", "deploy", ".backstage", "backend/main")


@dataclass
class Expected:
    """What a catalogue should find in one repository as it was built."""

    kind: str
    paths: list[str] = field(default_factory=list)
    entities: list[str] = field(default_factory=list)
    defect: str = ""


class World:
    """The organisation, the stand-ins that serve it, and the methods that change it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.expected: dict[str, Expected] = {}
        self.stand_ins: list[GitHubStandIn | GitLabStandIn] = []

    def github(self, **options: Any) -> GitHubStandIn:
        """Return a GitHub stand-in of this world, to be started with `with` or `start`."""
        made = GitHubStandIn(self.store, **options)
        self.stand_ins.append(made)
        return made

    def gitlab(self, **options: Any) -> GitLabStandIn:
        """Return a GitLab stand-in of this world."""
        made = GitLabStandIn(self.store, **options)
        self.stand_ins.append(made)
        return made

    def calls(self) -> Counter[str]:
        """Count every API call so far by "product METHOD /pattern"."""
        found: Counter[str] = Counter()
        for one in self.stand_ins:
            found.update({f"{one.product} {name}": n for name, n in one.calls().items()})
        return found

    @contextlib.contextmanager
    def counting(self) -> Iterator[Counter[str]]:
        """Fill the yielded counter with the calls made inside the block."""
        counter: Counter[str] = Counter()
        before = self.calls()
        yield counter
        counter.update(self.calls() - before)

    def repo(self, name: str) -> Repo:
        """Find a repository of the organisation by its present name."""
        found = self.store.by_name(f"{ORG}/{name}")
        if found is None:
            raise KeyError(name)
        return found

    def of_kind(self, kind: str) -> list[Repo]:
        """Return the repositories built as valid, none, broken, several, folder or monorepo."""
        known = self.store.repos.values()
        return [r for r in known if self.expected.get(r.name, Expected("")).kind == kind]

    def create(
        self, name: str, files: Mapping[str, str | bytes | Content], **more: Any
    ) -> tuple[Repo, Push]:
        """Add a repository with files."""
        repo = self.store.add_repo(ORG, name, group=more.pop("group", f"{ORG}/platform"), **more)
        return repo, repo.push(files, message="Initial commit")

    def change(
        self, repo: Repo, path: str, content: str | bytes, branch: str | None = None
    ) -> Push:
        """Push one changed or added file."""
        start = None if branch in repo.branches else repo.default_branch
        return repo.push({path: content}, branch=branch, start=start, message=f"Change {path}")

    def remove_file(self, repo: Repo, path: str) -> Push:
        """Push the removal of one file."""
        return repo.push({path: None}, message=f"Remove {path}")

    def move_file(self, repo: Repo, old: str, new: str) -> Push:
        """Push the move of one file."""
        head = repo.resolve(None)
        data = self.store.blobs[head.files[old].sha] if head else b""
        return repo.push({old: None, new: data}, message=f"Move {old} to {new}")

    def rename(self, repo: Repo, name: str) -> None:
        """Rename a repository; the old name redirects."""
        self.store.relocate(repo, name=name)

    def move(self, repo: Repo, *, owner: str = "", group: str = "") -> None:
        """Transfer a repository to another account or group; the old address redirects."""
        self.store.relocate(repo, owner=owner, group=group or (owner or None))

    def archive(self, repo: Repo, *, archived: bool = True) -> None:
        """Archive or unarchive a repository."""
        repo.archived, repo.updated = archived, self.store.tick()

    def hide(self, repo: Repo, visibility: str = "private") -> None:
        """Change a repository's visibility."""
        repo.visibility, repo.updated = visibility, self.store.tick()

    def delete(self, repo: Repo) -> None:
        """Delete a repository."""
        self.store.remove(repo)

    def rename_default_branch(self, repo: Repo, name: str) -> None:
        """Rename the default branch; GitHub redirects the old name."""
        old = repo.default_branch
        repo.branches[name] = repo.branches.pop(old)
        repo.renamed_branches[old] = name
        repo.default_branch = name

    def force_push(self, repo: Repo, files: Mapping[str, str | bytes]) -> Push:
        """Replace the default branch's history."""
        return repo.push(files, replace=True, message="Start over")

    def delete_branch(self, repo: Repo, branch: str) -> Push:
        """Delete a branch."""
        return Push(repo, f"refs/heads/{branch}", drop_branch(repo, branch), ZERO)

    def merge_proposal(
        self, repo: Repo, one: Proposal | None = None, *, squash: bool = False
    ) -> Push:
        """Merge an open pull or merge request, by default the newest, as its reviewer would."""
        chosen = one or self._newest(repo)
        push = accept(repo, chosen, squash=squash or chosen.squash)
        if push is None:
            raise ValueError(f"{repo.name} #{chosen.number} does not merge")
        if chosen.remove_source:
            drop_branch(repo, chosen.source)
        return push

    def close_proposal(self, repo: Repo, one: Proposal | None = None) -> None:
        """Close an open pull or merge request, by default the newest, without merging it."""
        shut(repo, one or self._newest(repo))

    def _newest(self, repo: Repo) -> Proposal:
        """Return the open proposal made last, on whichever product."""
        rows = [one for one in (*repo.pulls, *repo.merge_requests) if one.state == "open"]
        if not rows:
            raise ValueError(f"{repo.name} has no open proposal")
        return max(rows, key=lambda one: one.created)

    def tag(self, repo: Repo, name: str) -> Push:
        """Tag the head of the default branch."""
        repo.tags[name] = repo.branches[repo.default_branch]
        return Push(repo, f"refs/tags/{name}", ZERO, repo.tags[name])

    def push_hostile(self, kind: str, repo: Repo, *, victim: str = "", branch: str = "") -> Push:
        """Push a hostile descriptor by its name in `descriptors.HOSTILE`, or "stolen name"."""
        text = texts.stolen(victim) if kind == "stolen name" else texts.HOSTILE[kind]
        return self.change(repo, texts.NAME, text, branch or None)


def _plan(count: int, chance: random.Random) -> list[str]:
    """Deal out the kinds in fixed shares, shuffled."""
    kinds = [kind for kind, share in SHARES for _ in range(round(count * share))][:count]
    kinds += ["valid"] * (count - len(kinds))
    chance.shuffle(kinds)
    return kinds


def _files(
    kind: str, name: str, owner: str, number: int, chance: random.Random
) -> tuple[dict[str, str | bytes | Content], Expected]:
    """Return the files of one repository and what should be found in them."""
    files: dict[str, str | bytes | Content] = {"README.md": f"# {name}\n", "src/main.py": "x = 1\n"}
    found = Expected(kind)
    if kind == "valid":
        files[texts.NAME] = texts.component(name, owner, number)
        found.paths, found.entities = [texts.NAME], [f"component:{name}"]
    elif kind == "several":
        files[texts.NAME] = texts.several(name, owner)
        found.paths = [texts.NAME]
        found.entities = [f"component:{name}", f"api:{name}-api", f"resource:{name}-db"]
    elif kind == "broken":
        found.defect = list(texts.BROKEN)[number % len(texts.BROKEN)]
        files[texts.NAME] = texts.BROKEN[found.defect]
        found.paths = [texts.NAME]
    elif kind == "folder":
        path = f"{FOLDERS[number % len(FOLDERS)]}/{texts.NAME}"
        files[path] = texts.component(name, owner, number)
        found.paths, found.entities = [path], [f"component:{name}"]
    elif kind == "monorepo":
        parts = [f"{name}-{part}" for part in WHAT[: chance.randint(3, 8)]]
        places = {f"packages/{part}/{texts.NAME}": part for part in parts}
        files |= {path: texts.component(part, owner) for path, part in places.items()}
        files[texts.NAME] = texts.location(*(f"./{path}" for path in places), name=name)
        found.paths = [texts.NAME, *places]
        found.entities = [f"location:{name}", *(f"component:{part}" for part in parts)]
    return files, found


def make_world(repositories: int = 1000, seed: int = 1) -> World:
    """Build the organisation: about 70% hold descriptors, some broken, nested or many."""
    chance = random.Random(seed)
    world = World(Store())
    world.store.add_account(ORG)
    world.store.add_account("acme-labs")
    world.store.add_account("ada", "User")
    world.store.add_account("mallory", "User")
    for path in (ORG, "acme-labs", *(f"{ORG}/{team}" for team in TEAMS)):
        world.store.add_group(path)
    dealt: Counter[str] = Counter()
    for number, kind in enumerate(_plan(repositories, chance)):
        team, what = chance.choice(TEAMS), chance.choice(WHAT)
        name = f"{team}-{what}-{number:04d}"
        repo = world.store.add_repo(ORG, name, group=f"{ORG}/{team}", topics=[team])
        repo.visibility = chance.choices(("private", "public", "internal"), (60, 35, 5))[0]
        repo.default_branch = chance.choices(("main", "master", "trunk"), (80, 15, 5))[0]
        repo.fork, repo.description = chance.random() < 0.04, f"The {what} of {team}"
        files, world.expected[name] = _files(kind, name, f"team-{team}", dealt[kind], chance)
        dealt[kind] += 1
        if not (kind == "none" and chance.random() < 0.05):
            repo.push(files, message="Initial commit")
        repo.archived = chance.random() < 0.05
    return world
