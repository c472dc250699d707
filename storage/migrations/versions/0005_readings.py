"""What language models made of turns, and what that took"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "readings",
        sa.Column("turn_id", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("prompt_version", sa.Text(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("input_tokens", sa.Integer(), nullable=True),
        sa.Column("output_tokens", sa.Integer(), nullable=True),
        sa.Column("latency_ms", sa.Integer(), nullable=False),
        sa.Column("cost", sa.Float(), nullable=True),
        sa.Column("reading", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("turn_id", name=op.f("pk_readings")),
    )
    op.create_index(op.f("ix_readings_conversation_id"), "readings", ["conversation_id"], unique=False)
    op.create_index(op.f("ix_readings_created_at"), "readings", ["created_at"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_readings_created_at"), table_name="readings")
    op.drop_index(op.f("ix_readings_conversation_id"), table_name="readings")
    op.drop_table("readings")
