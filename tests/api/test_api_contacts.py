"""Contacts as an integrator reads and joins them."""

import httpx2

from domain.managers import Inbox
from tests.api.conftest import Person, Talk
from web.services import Services

API = "/api/v1"


async def test_two_contacts_become_one_person_and_two_again(
    client: httpx2.AsyncClient, writer: Person, reader: Person, talk: Talk, rest_inbox: Inbox, services: Services
) -> None:
    mine = (await services.conversations.get(talk.id)).contact_id
    other, _ = await services.arrivals.contact_for(rest_inbox.id, "somebody-else", "Somebody Else")
    refused = await client.post(f"{API}/contacts/{mine}/merge", headers=reader.headers, json={"contact": other})
    assert refused.status_code == 403
    merged = await client.post(f"{API}/contacts/{mine}/merge", headers=writer.headers, json={"contact": other})
    assert merged.status_code == 200
    assert [one["id"] for one in merged.json()["merged"]] == [other]
    assert (await client.get(f"{API}/contacts/{other}", headers=reader.headers)).json()["id"] == mine
    listed = await client.get(f"{API}/conversations?contact={other}", headers=reader.headers)
    assert [one["id"] for one in listed.json()["items"]] == [talk.id]
    alone = await client.post(f"{API}/contacts/{other}/unmerge", headers=writer.headers)
    assert (alone.status_code, alone.json()["merged"]) == (200, [])
    assert (await client.post(f"{API}/contacts/{other}/unmerge", headers=writer.headers)).status_code == 404


async def test_an_unknown_contact_is_a_404_with_words(client: httpx2.AsyncClient, reader: Person) -> None:
    answer = await client.get(f"{API}/contacts/nobody", headers=reader.headers)
    assert (answer.status_code, answer.json()["detail"]) == (404, "There is no contact nobody")
