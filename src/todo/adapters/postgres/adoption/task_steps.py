"""The steps for a `tasks` table that an earlier backend made."""

from collections.abc import Callable, Iterator

from sqlalchemy import Boolean, Connection, Integer, column, func, insert, select, table, text

from todo.adapters.postgres.adoption.catalog import Catalog
from todo.adapters.postgres.adoption.facts import Facts
from todo.adapters.postgres.adoption.fitting import Fitting
from todo.adapters.postgres.adoption.key_steps import key_steps
from todo.adapters.postgres.adoption.plan import Step, counted, quoted, run
from todo.adapters.postgres.adoption.shape import COMPLETED, NUMBERS, TASKS, USER, key_columns
from todo.adapters.postgres.adoption.table_steps import column_steps, fill_steps
from todo.adapters.postgres.records import columns_of_user
from todo.domain.model.user import Email, User, UserId

COMPLETE = """
    UPDATE tasks SET completed_at =
        CASE WHEN completed THEN COALESCE(completed_at, updated_at, created_at, CURRENT_TIMESTAMP) END
    WHERE completed OR completed_at IS NOT NULL
"""
HIGHEST = text("SELECT COALESCE(max(id), 0) FROM tasks")
STRANGERS = text("""
    SELECT DISTINCT user_id FROM tasks WHERE NOT EXISTS (SELECT FROM "user" WHERE "user".id = tasks.user_id) ORDER BY 1
""")
PLACEHOLDERS = text("SELECT email FROM \"user\" WHERE email LIKE '%@users.invalid'")


def task_steps(fitting: Fitting, facts: Facts, catalog: Catalog) -> Iterator[Step]:
    yield from column_steps(fitting, facts)
    if fitting.found.column(COMPLETED):
        yield Step(
            f"{fitting.table}: completed_at takes the place of completed (the time of the last change, or now),"
            " and completed is dropped",
            (COMPLETE, f"ALTER TABLE tasks DROP COLUMN {COMPLETED}"),
        )
    yield from fill_steps(fitting, facts)
    yield Step(
        f"{fitting.table}: number new ones by {NUMBERS.name}, after the highest number so far",
        (_numbering(fitting, catalog),),
    )
    if fitting.primary_key != key_columns(TASKS.primary_key):
        old = fitting.found.primary_key()
        drop = [f"ALTER TABLE tasks DROP CONSTRAINT {quoted(old.name)}"] if old else []
        add = f"ALTER TABLE tasks ADD CONSTRAINT {TASKS.primary_key.name} PRIMARY KEY (user_id, id)"
        yield Step(f"{fitting.table}: make (user_id, id) the primary key", (*drop, add))
    else:
        yield from key_steps(fitting)


def stranger_steps(facts: Facts) -> Iterator[Step]:
    if facts.strangers:
        owners = counted(facts.strangers, "owner")
        yield Step(
            f'"user": record {owners} of tasks who {"is" if facts.strangers == 1 else "are"} no user yet, without a'
            " password, as <id>@users.invalid",
            (_record_strangers,),
        )


def _numbering(fitting: Fitting, catalog: Catalog) -> Callable[[Connection], None]:
    """Numbers of tasks that are gone are not given again, as far as the old sequence remembers them."""
    found = fitting.column("id")
    sequence = found.sequence if found else None
    is_identity = found is not None and found.identity

    def number(connection: Connection) -> None:
        following = connection.execute(HIGHEST).scalar_one() + 1
        if sequence is not None:
            last = connection.execute(
                select(column("last_value", Integer), column("is_called", Boolean)).select_from(table(sequence))
            ).one()
            following = max(following, last.last_value + last.is_called)
        if is_identity:
            run(connection, "ALTER TABLE tasks ALTER COLUMN id DROP IDENTITY")
        elif sequence not in {None, NUMBERS.name}:
            run(connection, f"ALTER SEQUENCE {quoted(str(sequence))} RENAME TO {NUMBERS.name}")
        run(connection, f"CREATE SEQUENCE IF NOT EXISTS {NUMBERS.name}")
        run(
            connection,
            f"ALTER SEQUENCE {NUMBERS.name} AS bigint INCREMENT BY 1 NO MINVALUE NO MAXVALUE NO CYCLE OWNED BY NONE"
            f" RESTART WITH {following:d}",
        )
        run(connection, f"ALTER TABLE tasks ALTER COLUMN id SET DEFAULT nextval('{NUMBERS.name}')")

    return number


def _record_strangers(connection: Connection) -> None:
    """As the domain does for a user whom another issuer vouches for without an address."""
    now = connection.execute(select(func.now())).scalar_one()
    taken = set(connection.execute(PLACEHOLDERS).scalars())
    made = []
    for owner in connection.execute(STRANGERS).scalars().all():
        email = Email.placeholder(UserId(owner))
        if email in taken:
            email = Email.unmistakable_placeholder(UserId(owner))
        taken.add(email)
        made.append(columns_of_user(User.vouched_for(UserId(owner), email, at=now)))
    connection.execute(insert(USER), made)
