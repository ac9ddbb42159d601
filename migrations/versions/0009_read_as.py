"""What an entity was read as, where its file is another product's."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES = ("entities", "removed_entities")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(
            table, sa.Column("read_as", sa.String(length=200), server_default="", nullable=False)
        )


def downgrade() -> None:
    for table in TABLES:
        with op.batch_alter_table(table) as batch:
            batch.drop_column("read_as")
