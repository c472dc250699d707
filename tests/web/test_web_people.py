"""The customer as a person: where they are reached, and that two contacts may be one."""

from domain.managers import Role
from tests.web.conftest import Browser
from tests.web.shop import Shop


async def test_a_manager_joins_two_contacts_and_takes_it_back(browser: Browser, shop: Shop) -> None:
    one = await shop.talk("Omar Sosa", minutes=50)
    two = await shop.talk("Omar Sosa", minutes=20)
    client = await browser("dana")
    panel = (await client.get(f"/inbox/all/{one.conversation_id}?panel=customer")).text
    assert "Perhaps the same person" in panel
    assert "the same name" in panel
    form = {"other": two.contact_id, "conversation": one.conversation_id, "back": f"/inbox/all/{one.conversation_id}"}
    moved = await client.post(f"/contacts/{one.contact_id}/merge", data=form)
    assert moved.status_code == 303
    joined = (await client.get(moved.headers["location"])).text
    assert "Dana Kim said so" in joined
    assert two.conversation_id in (await client.get(f"/inbox/all/{one.conversation_id}?panel=history")).text
    await client.post(f"/contacts/{two.contact_id}/split", data={"conversation": one.conversation_id, "back": ""})
    assert "said so" not in (await client.get(f"/inbox/all/{one.conversation_id}?panel=customer")).text


async def test_another_contact_is_found_by_a_part_of_the_name(browser: Browser, shop: Shop) -> None:
    one = await shop.talk("Omar Sosa", minutes=50)
    await shop.talk("O. Sosa Pérez", minutes=20)
    client = await browser("dana")
    assert "O. Sosa Pérez" in (await client.get(f"/inbox/all/{one.conversation_id}?panel=customer&person=pérez")).text
    assert "Nobody is found" in (await client.get(f"/inbox/all/{one.conversation_id}?panel=customer&person=xyz")).text


async def test_viewers_may_look_and_not_join(browser: Browser, shop: Shop) -> None:
    one = await shop.talk("Omar Sosa", minutes=50)
    client = await browser("luis")
    assert shop.people["luis"].role is Role.VIEWER
    page = (await client.get(f"/inbox/all/{one.conversation_id}?panel=customer")).text
    assert "Reached at" in page
    assert "Same person" not in page
    assert (await client.post(f"/contacts/{one.contact_id}/split", data={"conversation": one.conversation_id})).status_code == 403
