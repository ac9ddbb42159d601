"""What browsing stands on: revisions of rows, marks, criticality, the search index."""

import sqlalchemy as sa
from alembic import op

from portal.infra.db import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("entities", schema=None) as batch_op:
        batch_op.add_column(sa.Column("domain", sa.String(length=600), nullable=True))
        batch_op.add_column(sa.Column("revision", sa.Integer(), nullable=False, server_default="0"))
        batch_op.create_index("ix_entities_revision", ["revision"], unique=False)
    with op.batch_alter_table("entities", schema=None) as batch_op:
        batch_op.alter_column("revision", server_default=None)
    with op.batch_alter_table("relations", schema=None) as batch_op:
        batch_op.add_column(sa.Column("criticality", sa.String(length=10), nullable=True))
    op.create_table(
        "entity_tombstones",
        sa.Column("entity_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("entity_id", "revision", name=op.f("pk_entity_tombstones")),
    )
    op.create_index("ix_entity_tombstones_revision", "entity_tombstones", ["revision"])
    op.create_table(
        "entity_marks",
        sa.Column("ref", sa.String(length=600), nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("value", sa.String(length=63), nullable=False),
        sa.Column("text", sa.String(length=200), nullable=False),
        sa.Column("as_of", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("ref", "name", name=op.f("pk_entity_marks")),
    )
    op.create_index("ix_entity_marks_name_rank", "entity_marks", ["name", "rank", "ref"])
    op.create_index("ix_entity_marks_revision", "entity_marks", ["revision"])
    op.create_table(
        "source_readmes",
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name=op.f("fk_source_readmes_source_id_sources")
        ),
        sa.PrimaryKeyConstraint("source_id", "folder", name=op.f("pk_source_readmes")),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TABLE search_index (entity_id integer PRIMARY KEY, "
            "name tsvector NOT NULL, strong tsvector NOT NULL, weak tsvector NOT NULL)"
        )
        for column in ("name", "strong", "weak"):
            op.execute(
                f"CREATE INDEX ix_search_index_{column} ON search_index USING gin ({column})"
            )
    else:
        op.execute(
            "CREATE VIRTUAL TABLE search_index USING fts5(name, strong, weak, "
            "tokenize = 'unicode61 remove_diacritics 0', prefix = '2 3', detail = 'column')"
        )
    # What was read before lacks these, so the next ingest reads every file again.
    op.execute("UPDATE entities SET digest = ''")
    op.execute("UPDATE source_files SET digest = ''")


def downgrade() -> None:
    op.execute("DROP TABLE search_index")
    op.drop_table("source_readmes")
    op.drop_table("entity_marks")
    op.drop_table("entity_tombstones")
    with op.batch_alter_table("relations", schema=None) as batch_op:
        batch_op.drop_column("criticality")
    with op.batch_alter_table("entities", schema=None) as batch_op:
        batch_op.drop_index("ix_entities_revision")
        batch_op.drop_column("revision")
        batch_op.drop_column("domain")
