"""Managers' languages, inboxes, capacity, hours and availability; conversations that are offered or wait in line"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    for column in (
        sa.Column("languages", sa.Text(), nullable=True),
        sa.Column("inboxes", sa.Text(), nullable=True),
        sa.Column("capacity", sa.Integer(), server_default=sa.text("10"), nullable=False),
        sa.Column("hours", sa.Text(), server_default="", nullable=False),
        sa.Column("availability", sa.Text(), server_default="available", nullable=False),
        sa.Column("availability_at", moment, nullable=True),
        sa.Column("seen_at", moment, nullable=True),
        sa.Column("offered_at", moment, nullable=True),
    ):
        op.add_column("managers", column)
    for column in (
        sa.Column("offered_to", sa.Text(), nullable=True),
        sa.Column("in_line_since", moment, nullable=True),
        sa.Column("assigned_at", moment, nullable=True),
        sa.Column("last_manager_id", sa.Text(), nullable=True),
    ):
        op.add_column("conversations", column)
    offered, in_line = sa.text("offered_to IS NOT NULL"), sa.text("in_line_since IS NOT NULL")
    op.create_index("ix_conversations_offered", "conversations", ["offered_to"], sqlite_where=offered, postgresql_where=offered)
    op.create_index("ix_conversations_line", "conversations", ["in_line_since", "id"], sqlite_where=in_line, postgresql_where=in_line)
