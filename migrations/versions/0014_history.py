"""What entities were before, what they were called, and what people laid over their files."""

import sqlalchemy as sa
from alembic import op

from portal.infra.db import JsonText, UtcDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

REF = sa.String(length=600)


def upgrade() -> None:
    op.add_column("entities", sa.Column("base", JsonText(), nullable=True))
    op.add_column("relations", sa.Column("since", UtcDateTime(), nullable=True))
    # Nobody wrote down since when a relation holds; its entity is as old at least.
    op.execute(
        "UPDATE relations SET since = coalesce("
        "(SELECT created_at FROM entities WHERE entities.ref = relations.declared_by), "
        "CURRENT_TIMESTAMP)"
    )
    with op.batch_alter_table("relations") as table:
        table.alter_column("since", existing_type=UtcDateTime(), nullable=False)
    op.create_table(
        "entity_overlays",
        sa.Column("ref", REF, nullable=False),
        sa.Column("pointer", sa.String(length=300), nullable=False),
        sa.Column("value", JsonText(), nullable=True),
        sa.Column("is_removal", sa.Boolean(), nullable=False),
        sa.Column("set_by", sa.String(length=200), nullable=False),
        sa.Column("set_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("ref", "pointer", name=op.f("pk_entity_overlays")),
    )
    op.create_table(
        "entity_revisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", REF, nullable=False),
        sa.Column("change", sa.String(length=20), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("owner", REF, nullable=True),
        sa.Column("owner_before", REF, nullable=True),
        sa.Column("fields", JsonText(), nullable=False),
        sa.Column("before", JsonText(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entity_revisions")),
    )
    op.create_index("ix_entity_revisions_ref", "entity_revisions", ["ref", "id"])
    op.create_index("ix_entity_revisions_at", "entity_revisions", ["at", "id"])
    op.create_index("ix_entity_revisions_owner", "entity_revisions", ["owner", "id"])
    op.create_index("ix_entity_revisions_owner_before", "entity_revisions", ["owner_before", "id"])
    op.create_table(
        "past_relations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("declared_by", REF, nullable=False),
        sa.Column("type", sa.String(length=63), nullable=False),
        sa.Column("source", REF, nullable=False),
        sa.Column("target", REF, nullable=False),
        sa.Column("criticality", sa.String(length=10), nullable=True),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_past_relations")),
    )
    op.create_index("ix_past_relations_source", "past_relations", ["source", "until"])
    op.create_index("ix_past_relations_target", "past_relations", ["target", "until"])
    op.create_table(
        "entity_renames",
        sa.Column("old_ref", REF, nullable=False),
        sa.Column("new_ref", REF, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("old_ref", name=op.f("pk_entity_renames")),
    )
    op.create_index("ix_entity_renames_new_ref", "entity_renames", ["new_ref"])


def downgrade() -> None:
    # What was laid over files goes; all files are read again, so that columns follow.
    op.execute("UPDATE entities SET document = base, digest = '' WHERE base IS NOT NULL")
    op.execute(sa.text("UPDATE source_files SET is_settled = :no").bindparams(no=False))
    for name in ("entity_renames", "past_relations", "entity_revisions", "entity_overlays"):
        op.drop_table(name)
    op.drop_column("relations", "since")
    op.drop_column("entities", "base")
