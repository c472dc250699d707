"""The JSON API as an integrator reads conversations."""

import httpx2
import pytest

from domain.conversations import Status
from domain.knowledge import ModelUse, Reading, ReadingOutcome
from domain.managers import Inbox
from tests.api.conftest import Person, Talk, write_talk
from web.services import Services

API = "/api/v1"


async def test_a_key_is_needed_and_must_be_a_known_one(client: httpx2.AsyncClient, writer: Person, services: Services) -> None:
    for headers in (
        {},
        {"authorization": "Bearer nonsense"},
        {"authorization": f"Basic {writer.key}"},
        {"cookie": f"session={writer.key}"},
    ):
        answer = await client.get(f"{API}/conversations", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"].startswith("Bearer")
    (key,) = [key for key in await services.people.api_keys() if key.manager_id == writer.manager.id]
    await services.people.revoke_api_key(key.id)
    assert (await client.get(f"{API}/conversations", headers=writer.headers)).status_code == 401


async def test_a_conversation_says_why_it_waits_and_where_its_workflow_is(client: httpx2.AsyncClient, reader: Person, talk: Talk) -> None:
    answer = await client.get(f"{API}/conversations/{talk.id}", headers=reader.headers)
    assert answer.status_code == 200
    found = answer.json()
    assert found["id"] == talk.id
    assert found["status"] == "flagged"
    assert found["assignee_id"] is None
    assert found["hand_off"]["reason"] == "low_confidence"
    assert found["waiting_since"] == "2026-11-22T09:01:00Z"
    assert {name: at for name, at in found["due"].items() if at} == {"idle_at": "2026-11-23T09:01:00Z", "reply_at": "2026-11-22T09:31:00Z"}
    assert found["workflow_id"].startswith("conversation/shop/")
    assert found["temporal_url"] == f"http://temporal.test/{talk.id}"
    assert [(passage["document"], passage["page"]) for passage in found["evidence"]["passages"]] == [("shop.pdf", 2)]
    (source,) = found["sources"]
    assert (source["document"], source["document_id"], source["page"], source["quote"]) == ("shop.pdf", "d1", 2, "We ship abroad.")
    assert source["link"].endswith("/knowledge/d1/pages/2?quote=We+ship+abroad.")


async def test_a_turn_tells_what_was_looked_at_and_what_a_model_made_of_it(
    client: httpx2.AsyncClient, reader: Person, services: Services, talk: Talk
) -> None:
    hand_off = talk.record.hand_off
    assert hand_off is not None
    turn_id = str(hand_off.turn_id)
    use = ModelUse(model="llama3.1:8b", calls=1, input_tokens=900, output_tokens=8, latency_ms=700, cost=0.0002)
    made = Reading(outcome=ReadingOutcome.NO_ANSWER, prompt_version="grounded-2", use=use)
    await services.conversations.keep_reading(talk.id, turn_id, made)
    found = (await client.get(f"{API}/conversations/{talk.id}/turns/{turn_id}", headers=reader.headers)).json()
    assert [(passage["document"], passage["page"]) for passage in found["passages"]] == [("shop.pdf", 2)]
    assert found["reading"]["outcome"] == "no_answer"
    assert found["reading"]["use"] == use.model_dump(mode="json")
    whole = (await client.get(f"{API}/conversations/{talk.id}", headers=reader.headers)).json()
    assert whole["evidence"]["reading"] == found["reading"]
    assert (await client.get(f"{API}/conversations/other/turns/{turn_id}", headers=reader.headers)).status_code == 404


async def test_an_unknown_conversation_is_not_found(client: httpx2.AsyncClient, reader: Person) -> None:
    for path in ("conversations/nope", "conversations/nope/messages"):
        answer = await client.get(f"{API}/{path}", headers=reader.headers)
        assert answer.status_code == 404
        assert answer.json()["type"] == "urn:frontdesk:problem:not-found"


async def test_messages_have_the_promised_fields(client: httpx2.AsyncClient, reader: Person, talk: Talk) -> None:
    page = (await client.get(f"{API}/conversations/{talk.id}/messages", headers=reader.headers)).json()
    assert [item["text"] for item in page["items"]] == ["question 1.0", "question 1.1", "question 1.2"]
    assert page["next_cursor"] is None
    promised = {
        "id", "direction", "sender", "type", "text", "attachments", "provider_id", "delivery", "citations", "confidence", "created_at",
        "in_reply_to", "purpose", "author_id", "author_name",
    }  # fmt: skip
    assert promised <= set(page["items"][0])


async def test_messages_are_paged_back_in_time(client: httpx2.AsyncClient, reader: Person, talk: Talk) -> None:
    path = f"{API}/conversations/{talk.id}/messages?limit=2"
    newest = (await client.get(path, headers=reader.headers)).json()
    assert [item["id"] for item in newest["items"]] == ["m-1-1", "m-1-2"]
    older = (await client.get(f"{path}&cursor={newest['next_cursor']}", headers=reader.headers)).json()
    assert [item["id"] for item in older["items"]] == ["m-1-0"]
    assert older["next_cursor"] is None


async def test_lists_are_filtered_and_paged(client: httpx2.AsyncClient, services: Services, reader: Person, rest_inbox: Inbox) -> None:
    for number in range(1, 6):
        await write_talk(services, rest_inbox, number, status=Status.BOT if number % 2 else Status.FLAGGED)

    async def ids(query: str) -> list[str]:
        answer = await client.get(f"{API}/conversations?{query}", headers=reader.headers)
        assert answer.status_code == 200, answer.text
        return [item["id"].removeprefix("conversation-") for item in answer.json()["items"]]

    assert await ids("") == ["5", "4", "3", "2", "1"]
    assert await ids("section=bot") == ["5", "3", "1"]
    assert await ids("section=mine") == ["4", "2"]
    assert await ids("status=flagged") == ["4", "2"]
    assert await ids("inbox=shop&channel=rest&order=oldest") == ["1", "2", "3", "4", "5"]
    assert await ids("inbox=other") == []
    assert await ids("q=Customer+3") == ["3"]
    contact = (await client.get(f"{API}/conversations/conversation-2", headers=reader.headers)).json()["contact_id"]
    assert await ids(f"contact={contact}") == ["2"]

    page = (await client.get(f"{API}/conversations?limit=3", headers=reader.headers)).json()
    rest = (await client.get(f"{API}/conversations?limit=3&cursor={page['next_cursor']}", headers=reader.headers)).json()
    assert [item["id"][-1] for item in page["items"] + rest["items"]] == ["5", "4", "3", "2", "1"]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("section=elsewhere", "section"),
        ("status=lost", "status"),
        ("channel=fax", "channel"),
        ("limit=0", "limit"),
        ("limit=1000", "limit"),
    ],
)
async def test_what_can_t_be_filtered_by_is_named(client: httpx2.AsyncClient, reader: Person, query: str, field: str) -> None:
    answer = await client.get(f"{API}/conversations?{query}", headers=reader.headers)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_a_cursor_that_was_not_given_out_is_refused(client: httpx2.AsyncClient, reader: Person, talk: Talk) -> None:
    for path in ("conversations?cursor=nonsense", f"conversations/{talk.id}/messages?cursor=nonsense"):
        answer = await client.get(f"{API}/{path}", headers=reader.headers)
        assert answer.status_code == 422
        assert "cursor" in answer.json()["detail"]
