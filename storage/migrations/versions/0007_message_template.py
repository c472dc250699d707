"""The approved template that a message was sent as"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("messages", sa.Column("template", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("messages", "template")
