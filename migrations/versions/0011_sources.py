"""Sources that are managed: what is declared, when they run next, what failed, what is held."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from portal.infra.db import JsonText, UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def new_source_columns() -> list[sa.Column[Any]]:
    """Return the columns that managed sources add."""
    none = sa.false()
    return [
        sa.Column("kind", sa.String(length=20), nullable=False, server_default="command"),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("external_id", sa.String(length=200), nullable=True),
        sa.Column("declaration", JsonText(), nullable=True),
        sa.Column("file_url", sa.String(length=600), nullable=False, server_default=""),
        sa.Column("version", sa.String(length=200), nullable=False, server_default=""),
        sa.Column("stamp", sa.String(length=200), nullable=False, server_default=""),
        sa.Column("requests", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("served", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("is_paused", sa.Boolean(), nullable=False, server_default=none),
        sa.Column("next_run_at", UtcDateTime(), nullable=True),
        sa.Column("checked_at", UtcDateTime(), nullable=True),
        sa.Column("failing_since", UtcDateTime(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=False, server_default=""),
        sa.Column("failure_fix", sa.Text(), nullable=False, server_default=""),
        sa.Column("held", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("held_because", sa.Text(), nullable=False, server_default=""),
        sa.Column("confirmed_removals", sa.Integer(), nullable=True),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False, server_default="1"),
    ]


def new_run_columns() -> list[sa.Column[Any]]:
    """Return the columns that say how a run went and what asked for it."""
    return [
        sa.Column("reason", sa.String(length=20), nullable=False, server_default="command"),
        sa.Column("version", sa.String(length=200), nullable=False, server_default=""),
        sa.Column("outcome", sa.String(length=20), nullable=False, server_default=""),
        sa.Column("failure", sa.Text(), nullable=False, server_default=""),
        sa.Column("failure_fix", sa.Text(), nullable=False, server_default=""),
    ]


def upgrade() -> None:
    with op.batch_alter_table("sources") as table:
        for column in new_source_columns():
            table.add_column(column)
        table.create_foreign_key(op.f("fk_sources_parent_id"), "sources", ["parent_id"], ["id"])
        table.create_unique_constraint(
            op.f("uq_sources_parent_id_external_id"), ["parent_id", "external_id"]
        )
        table.create_index("ix_sources_next_run_at", ["next_run_at"])
        table.create_index("ix_sources_file_url", ["file_url"])
    with op.batch_alter_table("source_runs") as table:
        for column in new_run_columns():
            table.add_column(column)
        table.create_index("ix_source_runs_source_id", ["source_id", "id"])
    op.execute("UPDATE source_runs SET outcome = 'done' WHERE counts IS NOT NULL")
    op.execute(
        "UPDATE source_runs SET outcome = 'cut_short' "
        "WHERE counts IS NULL AND finished_at IS NOT NULL"
    )
    op.create_table(
        "source_memories",
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("values", JsonText(), nullable=False),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_source_memories")),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name=op.f("fk_source_memories_source_id")
        ),
    )
    op.create_table(
        "source_deliveries",
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("source_id", "digest", name=op.f("pk_source_deliveries")),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name=op.f("fk_source_deliveries_source_id")
        ),
    )
    op.create_index("ix_source_deliveries_received_at", "source_deliveries", ["received_at"])
    op.add_column(
        "entities",
        sa.Column("is_ephemeral", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column("catalog_problems", sa.Column("about", sa.String(length=600), nullable=True))
    op.create_index("ix_catalog_problems_about", "catalog_problems", ["about"])


def downgrade() -> None:
    op.drop_index("ix_catalog_problems_about", "catalog_problems")
    op.drop_column("catalog_problems", "about")
    op.drop_column("entities", "is_ephemeral")
    op.drop_table("source_deliveries")
    op.drop_table("source_memories")
    with op.batch_alter_table("source_runs") as table:
        table.drop_index("ix_source_runs_source_id")
        for column in new_run_columns():
            table.drop_column(column.name)
    with op.batch_alter_table("sources") as table:
        table.drop_index("ix_sources_file_url")
        table.drop_index("ix_sources_next_run_at")
        table.drop_constraint(op.f("uq_sources_parent_id_external_id"), type_="unique")
        table.drop_constraint(op.f("fk_sources_parent_id"), type_="foreignkey")
        for column in new_source_columns():
            table.drop_column(column.name)
