"""What owners confirmed, what changes hands, how teams were reorganised."""

import sqlalchemy as sa
from alembic import op

from portal.infra.db import JsonText, UtcDateTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

REF = sa.String(length=600)
PERSON = sa.String(length=200)
INDEXES = (
    ("handovers", "ref", ["ref", "id"]),
    ("handovers", "receiver", ["receiver", "state"]),
    ("handovers", "giver", ["giver", "state"]),
    ("handovers", "state", ["state", "asked_at"]),
    ("reorganisations", "at", ["at", "id"]),
    ("reorganisation_steps", "state", ["reorganisation_id", "state", "number"]),
)


def upgrade() -> None:
    op.create_table(
        "confirmations",
        sa.Column("ref", REF, nullable=False),
        sa.Column("owner", REF, nullable=False),
        sa.Column("confirmed_by", PERSON, nullable=False),
        sa.Column("confirmed_at", UtcDateTime(), nullable=False),
        sa.Column("confirmed", JsonText(), nullable=False),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_confirmations")),
    )
    op.create_table(
        "handovers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", REF, nullable=False),
        sa.Column("giver", REF, nullable=False),
        sa.Column("receiver", REF, nullable=True),
        sa.Column("is_unknown", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("asked_by", PERSON, nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("answered_by", PERSON, nullable=True),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handovers")),
    )
    op.create_table(
        "reorganisations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("wish", JsonText(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("by", PERSON, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("undone_by", PERSON, nullable=True),
        sa.Column("undone_at", UtcDateTime(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reorganisations")),
    )
    op.create_table(
        "reorganisation_steps",
        sa.Column("reorganisation_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("act", sa.String(length=10), nullable=False),
        sa.Column("ref", REF, nullable=False),
        sa.Column("pointer", sa.String(length=300), nullable=False),
        sa.Column("value", JsonText(), nullable=True),
        sa.Column("was", JsonText(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["reorganisation_id"],
            ["reorganisations.id"],
            name=op.f("fk_reorganisation_steps_reorganisation_id_reorganisations"),
        ),
        sa.PrimaryKeyConstraint(
            "reorganisation_id", "number", name=op.f("pk_reorganisation_steps")
        ),
    )
    for table, name, columns in INDEXES:
        op.create_index(f"ix_{table}_{name}", table, columns)


def downgrade() -> None:
    for table, name, _ in reversed(INDEXES):
        op.drop_index(f"ix_{table}_{name}", table_name=table)
    for name in ("reorganisation_steps", "reorganisations", "handovers", "confirmations"):
        op.drop_table(name)
