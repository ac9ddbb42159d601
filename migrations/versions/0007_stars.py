"""What people keep at hand."""

import sqlalchemy as sa
from alembic import op

from portal.infra.db import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stars",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(length=600), nullable=False),
        sa.Column("starred_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name=op.f("fk_stars_account_id_accounts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", "ref", name=op.f("pk_stars")),
    )
    op.create_index("ix_stars_ref", "stars", ["ref"])


def downgrade() -> None:
    op.drop_table("stars")
