"""Replies that did not come in time"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "breaches",
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("manager_id", sa.Text(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("fk_breaches_conversation_id")),
        sa.PrimaryKeyConstraint("conversation_id", "kind", "since", name=op.f("pk_breaches")),
    )
    op.create_index(op.f("ix_breaches_due_at_conversation_id"), "breaches", ["due_at", "conversation_id"])
