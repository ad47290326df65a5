"""What every store promises, whatever it keeps things in."""

from tests.contracts.sessions import SessionContract
from tests.contracts.tasks import SaveContract, TaskContract
from tests.contracts.units_of_work import UnitOfWorkContract
from tests.contracts.users import PasswordContract, UserContract


class StoreContract(TaskContract, SaveContract, UserContract, PasswordContract, SessionContract, UnitOfWorkContract):
    """Subclass it, and provide a `store` fixture that is empty."""
