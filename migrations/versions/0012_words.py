"""The words of entities in a plain table: each process searches an index of its own in memory."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

COLUMNS = ("name", "strong", "weak")


def upgrade() -> None:
    op.create_table(
        "entity_words",
        sa.Column("entity_id", sa.Integer(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in COLUMNS),
        sa.PrimaryKeyConstraint("entity_id", name=op.f("pk_entity_words")),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "INSERT INTO entity_words (entity_id, name, strong, weak) "
            "SELECT entity_id, array_to_string(tsvector_to_array(name), ' '), "
            "array_to_string(tsvector_to_array(strong), ' '), "
            "array_to_string(tsvector_to_array(weak), ' ') FROM search_index"
        )
    else:
        op.execute(
            "INSERT INTO entity_words (entity_id, name, strong, weak) "
            "SELECT rowid, name, strong, weak FROM search_index"
        )
    op.execute("DROP TABLE search_index")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TABLE search_index (entity_id integer PRIMARY KEY, "
            "name tsvector NOT NULL, strong tsvector NOT NULL, weak tsvector NOT NULL)"
        )
        op.execute(
            "INSERT INTO search_index (entity_id, name, strong, weak) "
            "SELECT entity_id, array_to_tsvector(string_to_array(name, ' ')), "
            "array_to_tsvector(string_to_array(strong, ' ')), "
            "array_to_tsvector(string_to_array(weak, ' ')) FROM entity_words"
        )
        for column in COLUMNS:
            op.execute(
                f"CREATE INDEX ix_search_index_{column} ON search_index USING gin ({column})"
            )
    else:
        op.execute(
            "CREATE VIRTUAL TABLE search_index USING fts5(name, strong, weak, "
            "tokenize = 'unicode61 remove_diacritics 0', prefix = '2 3', detail = 'column')"
        )
        op.execute(
            "INSERT INTO search_index (rowid, name, strong, weak) "
            "SELECT entity_id, name, strong, weak FROM entity_words"
        )
    op.drop_table("entity_words")
