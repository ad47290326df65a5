"""What every store promises, whatever it keeps things in."""

from tests.contracts.answers import AnswerContract, QuotaContract, UnitTasksContract
from tests.contracts.sessions import SessionContract
from tests.contracts.tasks import SaveContract, TaskContract
from tests.contracts.tickets import TicketContract
from tests.contracts.units_of_work import UnitOfWorkContract
from tests.contracts.users import AccountContract, PasswordContract, SavedUserContract, UserContract


class StoreContract(
    TaskContract,
    SaveContract,
    UserContract,
    SavedUserContract,
    PasswordContract,
    AccountContract,
    TicketContract,
    SessionContract,
    UnitOfWorkContract,
    UnitTasksContract,
    AnswerContract,
    QuotaContract,
):
    """Subclass it, and provide a `store` fixture that is empty."""
