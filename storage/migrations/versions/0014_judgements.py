"""What managers judged of the bot's answers"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "judgements",
        sa.Column("turn_id", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("right", sa.Boolean(), nullable=False),
        sa.Column("judged_by", sa.Text(), nullable=False),
        sa.Column("manager_id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("turn_id", name=op.f("pk_judgements")),
    )
    op.create_index(op.f("ix_judgements_at"), "judgements", ["at"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_judgements_at"), table_name="judgements")
    op.drop_table("judgements")
