"""Managers prove who they are; whoever guesses is slowed down."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from domain.errors import Conflict, InvalidInput, NotFound, PermissionDenied, TooManyAttempts
from domain.managers import Manager, Role
from storage import tables
from storage.database import Database
from storage.people import People

PASSWORD = "correct horse battery"


@pytest.fixture
async def ana(people: People) -> Manager:
    return await people.add("Ana@Shop.example", "Ana", Role.OWNER, phone="+5491155550100", password=PASSWORD)


async def test_a_manager_is_found_by_id_and_address(people: People, ana: Manager) -> None:
    assert (ana.email, ana.role, ana.phone) == ("ana@shop.example", Role.OWNER, "+5491155550100")
    assert await people.get(ana.id) == await people.by_email(" ANA@shop.example") == ana == await people.first_owner()
    assert await people.list() == (ana,)
    assert await people.by_email("ben@shop.example") is None


async def test_an_address_is_taken_once(people: People, ana: Manager) -> None:
    with pytest.raises(Conflict):
        await people.add("ana@SHOP.example", "Another Ana", Role.VIEWER)


@pytest.mark.parametrize(("email", "name", "password"), [("no address", "A", None), ("a@b", " ", None), ("a@b", "A", "short")])
async def test_unusable_people_are_refused(people: People, email: str, name: str, password: str | None) -> None:
    with pytest.raises(InvalidInput):
        await people.add(email, name, Role.MANAGER, password=password)


async def test_the_password_signs_in(people: People, ana: Manager) -> None:
    assert await people.check_password("ANA@shop.example", PASSWORD, source="10.0.0.1") == ana
    await people.set_password(ana.id, "another long one")
    with pytest.raises(PermissionDenied):
        await people.check_password("ana@shop.example", PASSWORD, source="10.0.0.1")
    assert await people.check_password("ana@shop.example", "another long one", source="10.0.0.1") == ana


async def test_wrong_address_and_wrong_password_read_and_take_the_same(people: People, ana: Manager) -> None:
    await people.add("ben@shop.example", "Ben", Role.MANAGER)
    seen: dict[str, tuple[str, float]] = {}
    for number, email in enumerate(("warm@shop.example", "ana@shop.example", "nobody@shop.example", "ben@shop.example")):
        began = time.perf_counter()
        with pytest.raises(PermissionDenied) as refused:
            await people.check_password(email, "not the password", source=f"10.0.0.{number}")
        seen[email] = (str(refused.value), time.perf_counter() - began)
    known = seen["ana@shop.example"]
    for email in ("nobody@shop.example", "ben@shop.example"):
        assert seen[email][0] == known[0]
        assert seen[email][1] > known[1] / 4


async def test_five_failures_close_the_door_for_that_address(people: People, ana: Manager) -> None:
    for number in range(5):
        with pytest.raises(PermissionDenied):
            await people.check_password("ana@shop.example", "wrong", source=f"10.0.0.{number}")
    with pytest.raises(TooManyAttempts) as refused:
        await people.check_password("ana@shop.example", PASSWORD, source="10.0.0.9")
    assert 0 < refused.value.retry_after <= 30


async def test_waiting_opens_the_door_and_a_further_failure_doubles_the_wait(people: People, db: Database, ana: Manager) -> None:
    for number in range(5):
        with pytest.raises(PermissionDenied):
            await people.check_password("ana@shop.example", "wrong", source=f"10.0.0.{number}")
    await _age_attempts(db, timedelta(seconds=31))
    with pytest.raises(PermissionDenied):
        await people.check_password("ana@shop.example", "wrong", source="10.0.0.9")
    with pytest.raises(TooManyAttempts) as refused:
        await people.check_password("ana@shop.example", PASSWORD, source="10.0.0.9")
    assert 30 < refused.value.retry_after <= 60
    await _age_attempts(db, timedelta(minutes=15))
    assert await people.check_password("ana@shop.example", PASSWORD, source="10.0.0.9") == ana


async def _age_attempts(db: Database, by: timedelta) -> None:
    async with db.write() as connection:
        column = tables.sign_in_attempts.c.at
        await connection.execute(update(tables.sign_in_attempts).values(at=datetime.now(UTC) - by).where(column.is_not(None)))


async def test_a_source_that_tries_many_addresses_is_stopped(people: People, db: Database, ana: Manager) -> None:
    async with db.write() as connection:
        rows = [{"id": str(n), "email_hash": str(n), "source": "10.0.0.1", "at": datetime.now(UTC)} for n in range(20)]
        await connection.execute(tables.sign_in_attempts.insert(), rows)
    with pytest.raises(TooManyAttempts):
        await people.check_password("ana@shop.example", PASSWORD, source="10.0.0.1")
    assert await people.check_password("ana@shop.example", PASSWORD, source="10.0.0.2") == ana


async def test_many_guesses_at_once_do_not_slip_through(people: People, ana: Manager) -> None:
    guesses = [people.check_password("ana@shop.example", "wrong", source=f"10.0.0.{n}") for n in range(12)]
    results = await asyncio.gather(*guesses, return_exceptions=True)
    assert sum(isinstance(result, PermissionDenied) for result in results) == 5
    assert sum(isinstance(result, TooManyAttempts) for result in results) == 7


async def test_a_sign_in_link_works_once(people: People, ana: Manager) -> None:
    token = await people.new_sign_in_link(ana.id)
    assert await people.peek_sign_in_link(token) == ana
    assert await people.peek_sign_in_link(token) == ana
    assert await people.consume_sign_in_link(token) == ana
    assert await people.peek_sign_in_link(token) is None
    with pytest.raises(PermissionDenied):
        await people.consume_sign_in_link(token)


async def test_a_sign_in_link_works_for_a_day(people: People, db: Database, ana: Manager) -> None:
    token = await people.new_sign_in_link(ana.id)
    async with db.write() as connection:
        await connection.execute(update(tables.sign_in_links).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
    assert await people.peek_sign_in_link(token) is None
    with pytest.raises(PermissionDenied):
        await people.consume_sign_in_link(token)


async def test_one_of_two_uses_at_once_of_a_link_signs_in(people: People, ana: Manager) -> None:
    token = await people.new_sign_in_link(ana.id)
    results = await asyncio.gather(*(people.consume_sign_in_link(token) for _ in range(2)), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Manager", "PermissionDenied"]


async def test_a_session_lasts_until_it_is_closed(people: People, ana: Manager) -> None:
    token = await people.open_session(ana.id)
    assert await people.session(token) == ana
    await people.close_session(token)
    assert await people.session(token) is None
    with pytest.raises(NotFound):
        await people.open_session("nobody")


async def test_an_api_key_acts_as_its_manager_until_it_is_revoked(people: People, ana: Manager) -> None:
    key, secret = await people.create_api_key("till", ana.id)
    assert secret.startswith("fd_")
    assert len(secret) == 46
    assert await people.api_key(secret) == ana
    assert await people.api_key(secret + "x") is None
    (listed,) = await people.api_keys()
    assert (listed.name, listed.revoked_at) == ("till", None)
    assert listed.last_used_at is not None
    await people.revoke_api_key(key.id)
    assert await people.api_key(secret) is None
    with pytest.raises(NotFound):
        await people.revoke_api_key("nothing")


async def test_no_token_is_stored_as_it_is(people: People, db: Database, ana: Manager) -> None:
    _, secret = await people.create_api_key("till", ana.id)
    tokens = [secret, await people.open_session(ana.id), await people.new_sign_in_link(ana.id), PASSWORD]
    async with db.read() as connection:
        stored = ""
        for table in (tables.api_keys, tables.sessions, tables.sign_in_links, tables.managers):
            stored += str((await connection.execute(table.select())).all())
    assert not [token for token in tokens if token in stored]
