"""Whom a flag owes a notice, by what, how often; and what each person wants"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

UNSETTLED = "state IN ('owed', 'sending')"


def upgrade() -> None:
    # Who was told of flags that are over is not worth a copy.
    op.drop_table("notices")
    op.create_table(
        "notices",
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("flagged_at", sa.Text(), nullable=False),
        sa.Column("rung", sa.Text(), nullable=False),
        sa.Column("manager_id", sa.Text(), nullable=False),
        sa.Column("medium", sa.Text(), nullable=False),
        sa.Column("inbox_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("digest_id", sa.Text(), nullable=True),
        sa.Column("owed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("conversation_id", "flagged_at", "rung", "manager_id", "medium", name=op.f("pk_notices")),
    )
    op.create_index(
        "ix_notices_unsettled",
        "notices",
        ["manager_id", "medium"],
        unique=False,
        sqlite_where=sa.text(UNSETTLED),
        postgresql_where=sa.text(UNSETTLED),
    )
    op.create_table(
        "notice_gates",
        sa.Column("manager_id", sa.Text(), nullable=False),
        sa.Column("medium", sa.Text(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("manager_id", "medium", name=op.f("pk_notice_gates")),
    )
    op.create_table(
        "notice_preferences",
        sa.Column("manager_id", sa.Text(), nullable=False),
        sa.Column("preferences", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["manager_id"], ["managers.id"], name=op.f("fk_notice_preferences_manager_id")),
        sa.PrimaryKeyConstraint("manager_id", name=op.f("pk_notice_preferences")),
    )


def downgrade() -> None:
    op.drop_table("notice_preferences")
    op.drop_table("notice_gates")
    op.drop_index("ix_notices_unsettled", table_name="notices")
    op.drop_table("notices")
    op.create_table(
        "notices",
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("rung", sa.Text(), nullable=False),
        sa.Column("flagged_at", sa.Text(), nullable=False),
        sa.Column("manager_id", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", "rung", "flagged_at", "manager_id", name=op.f("pk_notices")),
    )
