"""Who is there, and what each is offered, through the API."""

from typing import Any

import httpx2
import pytest

from domain.managers import Availability, Role
from tests.api.conftest import Person
from web.services import Services

TEAM = "/api/v1/team"


async def test_the_team_says_who_is_there(client: httpx2.AsyncClient, people: dict[Role, Person], services: Services) -> None:
    ana = people[Role.MANAGER]
    silent = await client.get(TEAM, headers=people[Role.VIEWER].headers)
    assert {one["role"]: one["present"] for one in silent.json()["items"]} == {"owner": "away", "admin": "away", "manager": "away"}
    said = await client.put(f"{TEAM}/me/availability", json={"availability": "available"}, headers=ana.headers)
    assert (said.status_code, said.json()["present"], said.json()["load"]) == (200, "available", 0)
    await client.put(f"{TEAM}/me/availability", json={"availability": "busy"}, headers=ana.headers)
    team = (await client.get(TEAM, headers=ana.headers)).json()["items"]
    assert [(one["id"], one["present"]) for one in team if one["present"] != "away"] == [(ana.manager.id, "busy")]
    assert "phone" not in str(team)
    assert services.attendance.present(await services.people.get(ana.manager.id)) is Availability.BUSY


async def test_reading_by_a_key_is_no_sign_of_life(client: httpx2.AsyncClient, people: dict[Role, Person]) -> None:
    for _ in range(2):
        team = (await client.get(TEAM, headers=people[Role.OWNER].headers)).json()["items"]
    assert {one["present"] for one in team} == {"away"}, "a program that reads is not a person who answers"


async def test_an_admin_sets_what_a_person_is_offered(client: httpx2.AsyncClient, people: dict[Role, Person]) -> None:
    person = f"{TEAM}/{people[Role.MANAGER].manager.id}"
    body = {"languages": ["ES", "pt-BR"], "capacity": 4, "hours": "UTC; mon-fri 09:00-17:00"}
    changed = await client.patch(person, json=body, headers=people[Role.ADMIN].headers)
    assert changed.status_code == 200
    assert (changed.json()["languages"], changed.json()["capacity"]) == (["es", "pt"], 4)
    left = await client.patch(person, json={"capacity": 2}, headers=people[Role.ADMIN].headers)
    assert (left.json()["languages"], left.json()["hours"]) == (["es", "pt"], "UTC; mon-fri 09:00-17:00")
    assert (await client.patch(person, json=body, headers=people[Role.MANAGER].headers)).status_code == 403
    assert (await client.patch(f"{TEAM}/nobody", json=body, headers=people[Role.ADMIN].headers)).status_code == 404


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"hours": "nine to five"}, "no time zone"),
        ({"languages": ["klingon!"]}, "no language"),
        ({"inboxes": ["nowhere"]}, "no inbox nowhere"),
        ({"capacity": -1}, "capacity"),
        ({"capcity": 1}, "capcity"),
    ],
)
async def test_what_cannot_be_used_is_refused(
    client: httpx2.AsyncClient, people: dict[Role, Person], body: dict[str, Any], says: str
) -> None:
    answer = await client.patch(f"{TEAM}/{people[Role.MANAGER].manager.id}", json=body, headers=people[Role.ADMIN].headers)
    assert answer.status_code == 422
    assert says in answer.text
