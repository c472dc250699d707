"""Several addresses of one customer on an inbox, and contacts that are one person"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "aliases",
        sa.Column("inbox_id", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("of_address", sa.Text(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["inbox_id", "of_address"], ["addresses.inbox_id", "addresses.address"], name=op.f("fk_aliases_inbox_id_of_address")
        ),
        sa.PrimaryKeyConstraint("inbox_id", "address", name=op.f("pk_aliases")),
    )
    op.create_index(op.f("ix_aliases_inbox_id_of_address"), "aliases", ["inbox_id", "of_address"])
    op.create_table(
        "merges",
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("into_id", sa.Text(), nullable=False),
        sa.Column("manager_id", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_merges_contact_id")),
        sa.ForeignKeyConstraint(["into_id"], ["contacts.id"], name=op.f("fk_merges_into_id")),
        sa.PrimaryKeyConstraint("contact_id", name=op.f("pk_merges")),
    )
    op.create_index(op.f("ix_merges_into_id"), "merges", ["into_id"])
