"""Who watches a conversation, who was mentioned in a note, and who is looking at it now"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "watchers",
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("manager_id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["manager_id"], ["managers.id"], name=op.f("fk_watchers_manager_id")),
        sa.PrimaryKeyConstraint("conversation_id", "manager_id", name=op.f("pk_watchers")),
    )
    op.create_index(op.f("ix_watchers_manager_id_conversation_id"), "watchers", ["manager_id", "conversation_id"])
    op.create_table(
        "mentions",
        sa.Column("note_id", sa.Text(), nullable=False),
        sa.Column("manager_id", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["manager_id"], ["managers.id"], name=op.f("fk_mentions_manager_id")),
        sa.PrimaryKeyConstraint("note_id", "manager_id", name=op.f("pk_mentions")),
    )
    op.create_index(op.f("ix_mentions_manager_id_conversation_id"), "mentions", ["manager_id", "conversation_id"])
    op.create_table(
        "presence",
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("manager_id", sa.Text(), nullable=False),
        sa.Column("typing_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["manager_id"], ["managers.id"], name=op.f("fk_presence_manager_id")),
        sa.PrimaryKeyConstraint("conversation_id", "manager_id", name=op.f("pk_presence")),
    )
