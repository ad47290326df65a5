"""What every store promises, whatever it keeps things in."""

from tests.contracts.leftovers import LeftoverContract
from tests.contracts.sessions import SessionContract, SessionLimitContract
from tests.contracts.tasks import SaveContract, TaskContract
from tests.contracts.throttle import NetworkContract, ThrottleContract
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
    SessionLimitContract,
    LeftoverContract,
    UnitOfWorkContract,
    ThrottleContract,
    NetworkContract,
):
    """Subclass it, and provide a `store` fixture that is empty."""
