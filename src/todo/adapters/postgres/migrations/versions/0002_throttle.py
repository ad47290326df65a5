"""What limits attempts to sign in: the throttle, and the networks that an account knows."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "known_network",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("network", sa.LargeBinary, nullable=False),
        sa.Column("last_used_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "network", name="known_network_pkey"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="known_network_user_id_fkey", ondelete="CASCADE"),
    )
    op.create_table(
        "throttle",
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.Column("due", MOMENT, nullable=False),
        sa.Column("every", sa.Interval, nullable=False),
        sa.PrimaryKeyConstraint("key", name="throttle_pkey"),
        prefixes=["UNLOGGED"],
        postgresql_with={"fillfactor": 50},  # most changes then stay on their page, without a new entry in the index
    )


def downgrade() -> None:
    op.drop_table("throttle")
    op.drop_table("known_network")
