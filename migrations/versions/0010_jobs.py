"""Background work: who holds a claim, which slots were published, what happened, by which worker."""

import sqlalchemy as sa
from alembic import op

from portal.infra.db import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("work", sa.Column("claimed_by", sa.Integer(), nullable=True))
    op.create_table(
        "job_slots",
        sa.Column("job", sa.String(length=100), nullable=False),
        sa.Column("slot", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_job_slots")),
    )
    op.create_table(
        "job_runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("topic", sa.String(length=100), nullable=False),
        sa.Column("subject", sa.String(length=400), nullable=False),
        sa.Column("consumer", sa.String(length=100), nullable=False),
        sa.Column("worker", sa.String(length=300), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("error", sa.String(length=400), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_runs")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_job_runs_topic_id", "job_runs", ["topic", "id"])
    op.create_index("ix_job_runs_outcome_id", "job_runs", ["outcome", "id"])
    op.create_table(
        "job_workers",
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("threads", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_job_workers")),
    )


def downgrade() -> None:
    op.drop_table("job_workers")
    op.drop_table("job_runs")
    op.drop_table("job_slots")
    with op.batch_alter_table("work") as batch:
        batch.drop_column("claimed_by")
