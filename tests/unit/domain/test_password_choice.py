"""Which passwords people may choose, and where that is asked."""

import pytest

from tests.builders import ADA, HOME, PASSWORD, HandClock, PlainHasher, a_session, a_user, keep
from tests.mailboxes import OutboxMailer
from todo.adapters.memory import MemoryStore
from todo.domain.errors import (
    PasswordLikeAddress,
    PasswordLikeService,
    PasswordMonotonous,
    PasswordTooCommon,
    TicketInvalid,
)
from todo.domain.model.session import Device
from todo.domain.model.ticket import Ticket
from todo.domain.model.user import Email, Password
from todo.domain.services.accounts import AccountService
from todo.domain.services.administration import Administration
from todo.domain.services.choosing import ANY_PASSWORD, PasswordChoice
from todo.domain.services.passwords import PasswordService
from todo.domain.services.verification import VerificationService

ADDRESS = Email("lovelace@example.com")
COMMON = Password("iloveyou")
CHOICE = PasswordChoice({"iloveyou", "password"})


def refusal_of(password: str, *, of: Email = ADDRESS) -> type[Exception] | None:
    try:
        CHOICE.require_good(Password(password), of=of)
    except PasswordTooCommon as error:
        return type(error)
    return None


class TestWhatIsRefused:
    @pytest.mark.parametrize("password", ["iloveyou", "ILoveYou", "ILOVEYOU", "ｉｌｏｖｅｙｏｕ", "PASSWORD"])  # noqa: RUF001
    def test_what_many_people_have_however_it_is_written(self, password: str) -> None:
        assert refusal_of(password) is PasswordTooCommon

    @pytest.mark.parametrize(
        "password",
        [
            "lovelace@example.com",
            "LOVELACE@EXAMPLE.COM",
            "lovelace",
            "Lovelace1",
            "lovelace2026",
            "example.com",
            "lovelace@example.com1",
        ],
    )
    def test_the_address_and_its_parts_with_a_few_digits_or_without(self, password: str) -> None:
        assert refusal_of(password) is PasswordLikeAddress

    @pytest.mark.parametrize(
        "password", ["todotodo", "TodoTodo", "todo2026", "todotodo1", "better-auth", "Better-Auth99"]
    )
    def test_the_name_of_the_service(self, password: str) -> None:
        assert refusal_of(password) is PasswordLikeService

    @pytest.mark.parametrize(
        "password",
        [
            "aaaaaaaa",
            "        ",
            "💥" * 8,
            "12345678",
            "87654321",
            "90123456",
            "12345678901234567890",
            "abcdefgh",
            "zyxwvuts",
            "qwertyui",
        ],
    )
    def test_one_character_again_and_again_and_characters_in_a_row(self, password: str) -> None:
        assert refusal_of(password) is PasswordMonotonous

    @pytest.mark.parametrize(
        "password",
        [
            "correct horse battery",
            "iloveyou2",
            "lovelace and more",
            "lovelace12345",
            "my todo list",
            "12345679",
            "a" * 7 + "b",
            "12345678 and more",
            "ключи от дома",
            "💥💥💥💥💥💥💥🎉",
        ],
    )
    def test_everything_else_may_be_chosen(self, password: str) -> None:
        assert refusal_of(password) is None

    def test_a_short_address_is_no_reason_to_refuse_what_has_nothing_to_do_with_it(self) -> None:
        assert refusal_of("a1234567x", of=Email("a@b.example.com")) is None


def test_what_is_tolerated_is_told() -> None:
    told: list[PasswordTooCommon] = []
    choice = PasswordChoice({"iloveyou"}, tolerated=told.append)

    choice.require_good(COMMON, of=ADDRESS)
    choice.require_good(Password("lovelace1"), of=ADDRESS)
    choice.require_good(PASSWORD, of=ADDRESS)

    assert [type(error) for error in told] == [PasswordTooCommon, PasswordLikeAddress]


def test_where_anything_may_be_chosen_nothing_is_refused() -> None:
    for password in (COMMON, Password("aaaaaaaa"), Password("lovelace")):
        ANY_PASSWORD.require_good(password, of=ADDRESS)


class TestWhereItIsAsked:
    @pytest.fixture
    def accounts(
        self, store: MemoryStore, hasher: PlainHasher, clock: HandClock, verification: VerificationService
    ) -> AccountService:
        return AccountService(store=store, hasher=hasher, clock=clock, verification=verification, choice=CHOICE)

    @pytest.fixture
    def passwords(
        self, store: MemoryStore, hasher: PlainHasher, clock: HandClock, mailer: OutboxMailer
    ) -> PasswordService:
        return PasswordService(store=store, hasher=hasher, clock=clock, mailer=mailer, choice=CHOICE)

    async def test_signing_up(self, accounts: AccountService, store: MemoryStore) -> None:
        with pytest.raises(PasswordTooCommon):
            await accounts.sign_up(ADDRESS, COMMON, None, device=Device())

        assert await store.users.all() == []

    async def test_changing_a_password_leaves_the_old_one(
        self, passwords: PasswordService, store: MemoryStore, hasher: PlainHasher
    ) -> None:
        ada = a_user(ADA, email=ADDRESS)
        await keep(store, ada, (ADA, await hasher.hash(PASSWORD)))

        for weak in (COMMON, Password("lovelace")):
            with pytest.raises(PasswordTooCommon):
                await passwords.change(PASSWORD, weak, by=ada, session=a_session(ADA))

        await passwords.confirm(PASSWORD, by=ada)

    async def test_resetting_a_password_leaves_the_letter_good(
        self, passwords: PasswordService, store: MemoryStore, clock: HandClock
    ) -> None:
        token, ticket = Ticket.for_reset(ADA, at=clock.now())
        await keep(store, a_user(ADA, email=ADDRESS), ticket)

        for weak in (COMMON, Password("lovelace")):
            with pytest.raises(PasswordTooCommon):
                await passwords.reset(token, weak)

        await passwords.reset(token, PASSWORD)
        with pytest.raises(TicketInvalid):
            await passwords.reset(token, COMMON)

    async def test_an_operators_choice(self, store: MemoryStore, hasher: PlainHasher, clock: HandClock) -> None:
        administration = Administration(store=store, hasher=hasher, clock=clock, choice=CHOICE)
        with pytest.raises(PasswordTooCommon):
            await administration.create(ADDRESS, COMMON, None)
        user = await administration.create(ADDRESS, PASSWORD, None)

        with pytest.raises(PasswordLikeAddress):
            await administration.set_password(user, Password("lovelace7"))

    async def test_but_never_signing_in(
        self, accounts: AccountService, passwords: PasswordService, store: MemoryStore, hasher: PlainHasher
    ) -> None:
        ada = a_user(ADA, email=ADDRESS)
        await keep(store, ada, (ADA, await hasher.hash(COMMON)))

        assert (await accounts.sign_in(ADDRESS, COMMON, device=Device(address=HOME.host))).user == ada
        await passwords.confirm(COMMON, by=ada)
