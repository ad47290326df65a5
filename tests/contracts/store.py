"""What every store promises, whatever it keeps things in."""

from tests.contracts.answers import AnswerContract, QuotaContract, UnitTasksContract
from tests.contracts.leftovers import LeftoverContract
from tests.contracts.sessions import SessionContract, SessionLimitContract
from tests.contracts.tasks import SaveContract, TaskContract
from tests.contracts.throttle import NetworkContract, ThrottleContract
from tests.contracts.tickets import TicketContract
from tests.contracts.units_of_work import UnitOfWorkContract
from tests.contracts.users import AccountContract, PasswordContract, SavedUserContract, UserContract
from todo.domain.ports.store import Store


class StoreContract(
    TaskContract,
    SaveContract,
    UserContract,
    SavedUserContract,
    PasswordContract,
    AccountContract,
    TicketContract,
    SessionContract,
    SessionLimitContract,
    LeftoverContract,
    UnitOfWorkContract,
    ThrottleContract,
    NetworkContract,
    UnitTasksContract,
    AnswerContract,
    QuotaContract,
):
    """Subclass it, and provide a `store` fixture that is empty."""

    async def test_it_is_ready_for_work(self, store: Store) -> None:
        await store.require_ready()
