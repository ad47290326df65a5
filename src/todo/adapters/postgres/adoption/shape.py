"""What adoption brings tables to: their shape at the first version, for good. Later migrations go on from there."""

import sqlalchemy as sa

AT = "0001"
"""The version whose shape this is. It stays as it is, as a migration does, while `tables.py` moves on."""

FIRST = sa.MetaData()

MOMENT = sa.TIMESTAMP(timezone=True)
NOW = sa.text("CURRENT_TIMESTAMP")

USER = sa.Table(
    "user",
    FIRST,
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("emailVerified", sa.Boolean, nullable=False),
    sa.Column("image", sa.Text),
    sa.Column("createdAt", MOMENT, server_default=NOW, nullable=False),
    sa.Column("updatedAt", MOMENT, server_default=NOW, nullable=False),
    sa.PrimaryKeyConstraint("id", name="user_pkey"),
    sa.UniqueConstraint("email", name="user_email_key"),
)
SESSION = sa.Table(
    "session",
    FIRST,
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("expiresAt", MOMENT, nullable=False),
    sa.Column("token", sa.Text, nullable=False),
    sa.Column("createdAt", MOMENT, server_default=NOW, nullable=False),
    sa.Column("updatedAt", MOMENT, nullable=False),
    sa.Column("ipAddress", sa.Text),
    sa.Column("userAgent", sa.Text),
    sa.Column("userId", sa.Text, nullable=False),
    sa.PrimaryKeyConstraint("id", name="session_pkey"),
    sa.UniqueConstraint("token", name="session_token_key"),
    sa.ForeignKeyConstraint(["userId"], ["user.id"], name="session_userId_fkey", ondelete="CASCADE"),
    sa.Index("session_userId_idx", "userId"),
)
ACCOUNT = sa.Table(
    "account",
    FIRST,
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("accountId", sa.Text, nullable=False),
    sa.Column("providerId", sa.Text, nullable=False),
    sa.Column("userId", sa.Text, nullable=False),
    sa.Column("accessToken", sa.Text),
    sa.Column("refreshToken", sa.Text),
    sa.Column("idToken", sa.Text),
    sa.Column("accessTokenExpiresAt", MOMENT),
    sa.Column("refreshTokenExpiresAt", MOMENT),
    sa.Column("scope", sa.Text),
    sa.Column("password", sa.Text),
    sa.Column("createdAt", MOMENT, server_default=NOW, nullable=False),
    sa.Column("updatedAt", MOMENT, nullable=False),
    sa.PrimaryKeyConstraint("id", name="account_pkey"),
    sa.ForeignKeyConstraint(["userId"], ["user.id"], name="account_userId_fkey", ondelete="CASCADE"),
    sa.Index("account_userId_idx", "userId"),
)
VERIFICATION = sa.Table(
    "verification",
    FIRST,
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("identifier", sa.Text, nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("expiresAt", MOMENT, nullable=False),
    sa.Column("createdAt", MOMENT, server_default=NOW, nullable=False),
    sa.Column("updatedAt", MOMENT, server_default=NOW, nullable=False),
    sa.PrimaryKeyConstraint("id", name="verification_pkey"),
    sa.Index("verification_identifier_idx", "identifier"),
)
NUMBERS = sa.Sequence("tasks_id_seq", metadata=FIRST)
TASKS = sa.Table(
    "tasks",
    FIRST,
    sa.Column("user_id", sa.String(255), nullable=False),
    sa.Column("id", sa.BigInteger, NUMBERS, server_default=NUMBERS.next_value(), nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("description", sa.Text),
    sa.Column("completed_at", MOMENT),
    sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
    sa.Column("updated_at", MOMENT, server_default=NOW, nullable=False),
    sa.Column("version", sa.BigInteger, server_default=sa.text("1"), nullable=False),
    sa.PrimaryKeyConstraint("user_id", "id", name="tasks_pkey"),
    sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="tasks_user_id_fkey", ondelete="CASCADE"),
)

SIGN_IN = (USER, SESSION, ACCOUNT, VERIFICATION)
"""Better Auth's tables, in an order in which they can be made."""

OURS = tuple(table.name for table in (*SIGN_IN, TASKS))

COMPLETED = "completed"
"""The column of an earlier `tasks` whose meaning goes into `completed_at`."""


def essential(column: sa.Column[object]) -> bool:
    """What no row can do without, and nobody can make up."""
    return not column.nullable and column.server_default is None and column.name != "updatedAt"


def is_moment(column: sa.Column[object]) -> bool:
    return isinstance(column.type, sa.TIMESTAMP)


def key_columns(constraint: sa.PrimaryKeyConstraint | sa.UniqueConstraint) -> tuple[str, ...]:
    return tuple(column.name for column in constraint.columns)


def uniques(table: sa.Table) -> list[sa.UniqueConstraint]:
    return [constraint for constraint in table.constraints if isinstance(constraint, sa.UniqueConstraint)]


def owner_column(table: sa.Table) -> tuple[str, str] | None:
    """The column that names the user a row belongs to, and the name of its foreign key."""
    for key in table.foreign_key_constraints:
        return key.column_keys[0], str(key.name)
    return None
