"""Templates of links, and services that were retired."""

import sqlalchemy as sa
from alembic import op

from portal.infra.db import JsonText, UtcDateTime

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "link_templates",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("applies_to", JsonText(), nullable=False),
        sa.Column("environments", JsonText(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("changed_by", sa.String(length=200), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_templates")),
        sa.UniqueConstraint("title", name=op.f("uq_link_templates_title")),
    )
    op.create_table(
        "retired_entities",
        sa.Column("ref", sa.String(length=600), nullable=False),
        sa.Column("owner", sa.String(length=600), nullable=True),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("document_number", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("read_as", sa.String(length=200), nullable=False),
        sa.Column("document", JsonText(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("retired_by", sa.String(length=200), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_retired_entities")),
    )
    op.create_index("ix_retired_entities_retired_at", "retired_entities", ["retired_at"])
    op.create_index("ix_retired_entities_source", "retired_entities", ["source"])


def downgrade() -> None:
    op.drop_table("retired_entities")
    op.drop_table("link_templates")
