"""What an approved template was filled with"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.add_column("messages", sa.Column("template_use", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("messages", "template_use")
