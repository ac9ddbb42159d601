"""Which repositories of an organisation its filters leave out, so that it can be said why."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "source_left_out",
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name=op.f("fk_source_left_out_source_id")
        ),
        sa.PrimaryKeyConstraint("source_id", "path", name=op.f("pk_source_left_out")),
    )


def downgrade() -> None:
    op.drop_table("source_left_out")
