"""What nobody answered in time can be counted"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_index(
        "ix_conversations_unanswered",
        "conversations",
        ["last_message_at"],
        sqlite_where=sa.text("unanswered IS 1"),
        postgresql_where=sa.text("unanswered IS true"),
    )
