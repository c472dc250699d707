"""Unknown messages and old places in the queue are found without reading the whole table"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_unknown = sa.text("direction = 'outbound' AND delivery = 'unknown'")


def upgrade() -> None:
    op.create_index("ix_messages_unknown", "messages", ["inbox_id", "created_at"], sqlite_where=_unknown, postgresql_where=_unknown)
    op.create_index(op.f("ix_send_places_at"), "send_places", ["at"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_send_places_at"), table_name="send_places")
    op.drop_index("ix_messages_unknown", table_name="messages")
