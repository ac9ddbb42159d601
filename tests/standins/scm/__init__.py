"""Stand-ins of the GitHub and GitLab REST APIs and of their webhooks, for tests on 127.0.0.1."""

from .github import GitHubStandIn
from .gitlab import GitLabStandIn
from .gitobjects import Content
from .model import Proposal, Push, Repo, Store
from .rs256 import private_key_pem, sign_jwt
from .webhooks import Delivery, Vector, load_vectors
from .world import World, make_world

__all__ = [
    "Content",
    "Delivery",
    "GitHubStandIn",
    "GitLabStandIn",
    "Proposal",
    "Push",
    "Repo",
    "Store",
    "Vector",
    "World",
    "load_vectors",
    "make_world",
    "private_key_pem",
    "sign_jwt",
]
