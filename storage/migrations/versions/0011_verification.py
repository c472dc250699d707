"""Telephone numbers proved by a code, second factors, customers' identity checks"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "verified_phones",
        sa.Column("manager_id", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("second_factor", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["manager_id"], ["managers.id"], name=op.f("fk_verified_phones_manager_id")),
        sa.PrimaryKeyConstraint("manager_id", name=op.f("pk_verified_phones")),
    )
    op.create_table(
        "identity_checks",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_checks")),
    )
    op.create_index(op.f("ix_identity_checks_conversation_id"), "identity_checks", ["conversation_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_identity_checks_conversation_id"), table_name="identity_checks")
    op.drop_table("identity_checks")
    op.drop_table("verified_phones")
