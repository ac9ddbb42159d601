"""SCIM: people and groups that an identity provider manages."""

import sqlalchemy as sa
from alembic import op

from portal.infra.db import JsonText, UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("accounts") as table:
        table.add_column(sa.Column("scim_provider", sa.String(length=30)))
        table.add_column(sa.Column("external_id", sa.String(length=255)))
        table.create_unique_constraint(
            op.f("uq_accounts_scim_provider_external_id"), ["scim_provider", "external_id"]
        )
    with op.batch_alter_table("identities") as table:
        table.add_column(
            sa.Column("is_email_trusted", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    op.create_table(
        "scim_users",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("provider", sa.String(length=30), nullable=False),
        sa.Column("user_name_key", sa.String(length=600), nullable=False),
        sa.Column("display_name_key", sa.String(length=600)),
        sa.Column("given_name_key", sa.String(length=600)),
        sa.Column("family_name_key", sa.String(length=600)),
        sa.Column("formatted_name_key", sa.String(length=600)),
        sa.Column("document", JsonText(), nullable=False),
        sa.Column("is_active", sa.Boolean()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_scim_users")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_scim_users_account_id")
        ),
        sa.UniqueConstraint("id", name=op.f("uq_scim_users_id")),
        sa.UniqueConstraint(
            "provider", "user_name_key", name=op.f("uq_scim_users_provider_user_name_key")
        ),
    )
    op.create_table(
        "scim_emails",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("value_key", sa.String(length=960)),
        sa.Column("type_key", sa.String(length=180)),
        sa.Column("is_primary", sa.Boolean()),
        sa.PrimaryKeyConstraint("account_id", "position", name=op.f("pk_scim_emails")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["scim_users.account_id"], name=op.f("fk_scim_emails_account_id")
        ),
    )
    op.create_index("ix_scim_emails_value_key", "scim_emails", ["value_key"])
    op.create_table(
        "scim_groups",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("provider", sa.String(length=30), nullable=False),
        sa.Column("external_id", sa.String(length=255)),
        sa.Column("display_name", sa.String(length=300), nullable=False),
        sa.Column("name_key", sa.String(length=900), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scim_groups")),
        sa.UniqueConstraint("provider", "name_key", name="uq_scim_groups_provider_name_key"),
        sa.UniqueConstraint("provider", "external_id", name="uq_scim_groups_provider_external_id"),
    )
    op.create_index("ix_scim_groups_created_at", "scim_groups", ["provider", "created_at", "id"])
    op.create_table(
        "scim_members",
        sa.Column("group_id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("group_id", "account_id", name=op.f("pk_scim_members")),
        sa.ForeignKeyConstraint(
            ["group_id"], ["scim_groups.id"], name=op.f("fk_scim_members_group_id")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["scim_users.account_id"], name=op.f("fk_scim_members_account_id")
        ),
    )
    op.create_index("ix_scim_members_account_id", "scim_members", ["account_id"])


def downgrade() -> None:
    for name in ("scim_members", "scim_groups", "scim_emails", "scim_users"):
        op.drop_table(name)
    with op.batch_alter_table("identities") as table:
        table.drop_column("is_email_trusted")
    with op.batch_alter_table("accounts") as table:
        table.drop_constraint(op.f("uq_accounts_scim_provider_external_id"), type_="unique")
        table.drop_column("external_id")
        table.drop_column("scim_provider")
