"""Browsers that take push messages, and the keys by which their vendors know us"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "push_subscriptions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("manager_id", sa.Text(), nullable=False),
        sa.Column("session_hash", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["manager_id"], ["managers.id"], name=op.f("fk_push_subscriptions_manager_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_subscriptions")),
    )
    op.create_index(op.f("ix_push_subscriptions_manager_id"), "push_subscriptions", ["manager_id"], unique=False)
    op.create_index(op.f("ix_push_subscriptions_session_hash"), "push_subscriptions", ["session_hash"], unique=False)
    op.create_table(
        "key_pairs",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("public", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_key_pairs")),
    )


def downgrade() -> None:
    op.drop_table("key_pairs")
    op.drop_index(op.f("ix_push_subscriptions_session_hash"), table_name="push_subscriptions")
    op.drop_index(op.f("ix_push_subscriptions_manager_id"), table_name="push_subscriptions")
    op.drop_table("push_subscriptions")
