"""What the drop-in API for Backstage stands on: uids, and values by path."""

import uuid

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

UIDS = uuid.UUID("6f1d0c0e-5c39-5e0a-9a4e-6d1f5a3b7c21")
ROWS_AT_ONCE = 1000


def upgrade() -> None:
    op.add_column("entities", sa.Column("uid", sa.String(length=36), nullable=True))
    fill_uids(op.get_bind())
    with op.batch_alter_table("entities") as batch_op:
        batch_op.alter_column("uid", nullable=False, existing_type=sa.String(length=36))
        batch_op.create_unique_constraint(op.f("uq_entities_uid"), ["uid"])
    op.create_table(
        "entity_values",
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("entity_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("value", sa.String(length=200), nullable=True),
        sa.Column("original", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("path", "entity_id", "number", name=op.f("pk_entity_values")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_entity_values_entity_id", "entity_values", ["entity_id"])
    # What was read before lacks its values, so the next ingest reads every file again.
    op.execute("UPDATE entities SET digest = ''")
    op.execute("UPDATE source_files SET digest = ''")


def fill_uids(connection: sa.Connection) -> None:
    """Write the uid of each entity, as it is made of its reference."""
    rows = connection.execute(sa.text("SELECT id, ref FROM entities")).all()
    for start in range(0, len(rows), ROWS_AT_ONCE):
        connection.execute(
            sa.text("UPDATE entities SET uid = :uid WHERE id = :id"),
            [
                {"uid": str(uuid.uuid5(UIDS, row.ref)), "id": row.id}
                for row in rows[start : start + ROWS_AT_ONCE]
            ],
        )


def downgrade() -> None:
    op.drop_table("entity_values")
    with op.batch_alter_table("entities") as batch_op:
        batch_op.drop_constraint(op.f("uq_entities_uid"), type_="unique")
        batch_op.drop_column("uid")
