"""The audit trail's keyed chain: places, the record of its end, and triggers that refuse changes.

Seals made before had no key and prove nothing, so they are dropped and made anew by the job.
A later migration that rebuilds `audit_entries` on SQLite has to make the triggers again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KEPT = ("id", "at", "actor", "action", "subject", "before", "after", "request_id")
ONCE = ("position", "seal")
REFUSAL = "audit entries are never changed or deleted"
HEAD_REFUSAL = "the end of the audit trail only moves on"

SQLITE_ALLOWED = " AND ".join(
    [f'NEW."{name}" IS OLD."{name}"' for name in KEPT]
    + [f'(NEW."{name}" IS OLD."{name}" OR OLD."{name}" IS NULL)' for name in ONCE]
    + ["(NEW.address IS OLD.address OR NEW.address IS NULL)"]
)
SQLITE = {
    # REPLACE deletes without a word, so a row that is there may not be written again.
    "audit_entries_insert": (
        (
            "BEFORE INSERT ON audit_entries WHEN NEW.position IS NOT NULL OR NEW.seal IS NOT NULL "
            "OR EXISTS (SELECT 1 FROM audit_entries WHERE id = NEW.id)"
        ),
        REFUSAL,
    ),
    "audit_entries_update": (
        f"BEFORE UPDATE ON audit_entries WHEN NOT ({SQLITE_ALLOWED})",
        REFUSAL,
    ),
    "audit_entries_delete": ("BEFORE DELETE ON audit_entries", REFUSAL),
    "audit_head_insert": (
        (
            "BEFORE INSERT ON audit_head WHEN NEW.id <> 1 OR NEW.count <> 0 "
            "OR EXISTS (SELECT 1 FROM audit_head)"
        ),
        HEAD_REFUSAL,
    ),
    "audit_head_update": (
        "BEFORE UPDATE ON audit_head WHEN NEW.id <> OLD.id OR NEW.count <= OLD.count",
        HEAD_REFUSAL,
    ),
    "audit_head_delete": ("BEFORE DELETE ON audit_head", HEAD_REFUSAL),
}

POSTGRESQL_CHANGED = " OR ".join(
    [f'NEW."{name}" IS DISTINCT FROM OLD."{name}"' for name in KEPT]
    + [
        f'(NEW."{name}" IS DISTINCT FROM OLD."{name}" AND OLD."{name}" IS NOT NULL)'
        for name in ONCE
    ]
    + ["(NEW.address IS DISTINCT FROM OLD.address AND NEW.address IS NOT NULL)"]
)
POSTGRESQL = {
    "audit_entries_insert": (
        (
            "BEFORE INSERT ON audit_entries FOR EACH ROW "
            "WHEN (NEW.position IS NOT NULL OR NEW.seal IS NOT NULL)"
        ),
        REFUSAL,
    ),
    "audit_entries_update": (
        f"BEFORE UPDATE ON audit_entries FOR EACH ROW WHEN ({POSTGRESQL_CHANGED})",
        REFUSAL,
    ),
    "audit_entries_delete": ("BEFORE DELETE ON audit_entries FOR EACH ROW", REFUSAL),
    "audit_entries_truncate": ("BEFORE TRUNCATE ON audit_entries FOR EACH STATEMENT", REFUSAL),
    "audit_head_insert": (
        "BEFORE INSERT ON audit_head FOR EACH ROW WHEN (NEW.id <> 1 OR NEW.count <> 0)",
        HEAD_REFUSAL,
    ),
    "audit_head_update": (
        (
            "BEFORE UPDATE ON audit_head FOR EACH ROW "
            "WHEN (NEW.id <> OLD.id OR NEW.count <= OLD.count)"
        ),
        HEAD_REFUSAL,
    ),
    "audit_head_delete": ("BEFORE DELETE ON audit_head FOR EACH ROW", HEAD_REFUSAL),
    "audit_head_truncate": ("BEFORE TRUNCATE ON audit_head FOR EACH STATEMENT", HEAD_REFUSAL),
}
REFUSE = """
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
END $$
"""


def upgrade() -> None:
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("seal", sa.String(length=100), nullable=False),
        sa.Column("proof", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )
    op.execute("UPDATE audit_entries SET seal = NULL")
    with op.batch_alter_table("audit_entries", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_entries_seal")
        batch_op.add_column(sa.Column("position", sa.Integer(), nullable=True))
        batch_op.alter_column(
            "seal", existing_type=sa.String(length=64), type_=sa.String(length=100)
        )
        batch_op.create_unique_constraint(op.f("uq_audit_entries_position"), ["position"])
    waits = sa.text("position IS NULL")
    op.create_index(
        "ix_audit_entries_waits",
        "audit_entries",
        ["id"],
        sqlite_where=waits,
        postgresql_where=waits,
    )
    for name in ("actor", "subject", "action"):
        op.create_index(f"ix_audit_entries_{name}", "audit_entries", [name, "id"])
    op.create_index("ix_audit_entries_at", "audit_entries", ["at"])
    _create_triggers()


def _create_triggers() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(REFUSE)
        for name, (when, refusal) in POSTGRESQL.items():
            op.execute(
                f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION refuse_audit_change('{refusal}')"
            )
    else:
        for name, (when, refusal) in SQLITE.items():
            op.execute(f"CREATE TRIGGER {name} {when} BEGIN SELECT RAISE(ABORT, '{refusal}'); END")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for name in POSTGRESQL:
            op.execute(f"DROP TRIGGER {name} ON {name.rpartition('_')[0]}")
        op.execute("DROP FUNCTION refuse_audit_change()")
    else:
        for name in SQLITE:
            op.execute(f"DROP TRIGGER {name}")
    for name in ("at", "action", "subject", "actor", "waits"):
        op.drop_index(f"ix_audit_entries_{name}", "audit_entries")
    op.execute("UPDATE audit_entries SET seal = NULL")
    with op.batch_alter_table("audit_entries", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("uq_audit_entries_position"), type_="unique")
        batch_op.drop_column("position")
        batch_op.alter_column(
            "seal", existing_type=sa.String(length=100), type_=sa.String(length=64)
        )
        batch_op.create_index("ix_audit_entries_seal", ["seal", "id"], unique=False)
    op.drop_table("audit_head")
