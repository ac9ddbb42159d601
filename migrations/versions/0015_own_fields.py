"""Own fields, the values entities have, and how far they are read again."""

import sqlalchemy as sa
from alembic import op

from portal.infra.db import JsonText, UtcDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "own_fields",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("help", sa.Text(), nullable=False),
        sa.Column("type", sa.String(length=10), nullable=False),
        sa.Column("choices", JsonText(), nullable=False),
        sa.Column("location", sa.String(length=10), nullable=False),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("kinds", JsonText(), nullable=False),
        sa.Column("classes", JsonText(), nullable=False),
        sa.Column("required_for", JsonText(), nullable=True),
        sa.Column("is_facet", sa.Boolean(), nullable=False),
        sa.Column("is_column", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_by", sa.String(length=200), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_own_fields")),
        sa.UniqueConstraint("key", name=op.f("uq_own_fields_key")),
    )
    op.create_table(
        "own_field_values",
        sa.Column("entity_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("value", sa.String(length=400), nullable=False),
        sa.Column("original", sa.String(length=400), nullable=True),
        sa.PrimaryKeyConstraint("entity_id", "key", "number", name=op.f("pk_own_field_values")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_own_field_values_value", "own_field_values", ["key", "value"])
    op.create_table(
        "own_field_reading",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("after_id", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_own_field_reading")),
    )


def downgrade() -> None:
    # What was wrong with values of own fields is no longer looked at.
    op.execute("DELETE FROM catalog_problems WHERE rule = 'own-field'")
    for table in ("own_field_reading", "own_field_values", "own_fields"):
        op.drop_table(table)
