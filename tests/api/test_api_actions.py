"""What a person can do to a conversation through the API, and what it answers."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from domain.commands import Assign, PostReply, RefusedBecause, Release, Resolve, Snooze, Take, Verdict
from domain.managers import Role
from tests.api.conftest import Person, Talk
from tests.api.fakes import FakeGateway
from web.services import Services

TOMORROW = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)


async def act(
    client: httpx2.AsyncClient, person: Person, talk: Talk, verb: str, body: dict[str, Any] | None = None, key: str | None = "action-1"
) -> httpx2.Response:
    headers = person.headers | ({"idempotency-key": key} if key is not None else {})
    return await client.post(f"/api/v1/conversations/{talk.id}/{verb}", json=body, headers=headers)


def verdict(talk: Talk, **changes: Any) -> Verdict:
    fields = {"action_id": "action-1", "conversation_id": talk.id, "verb": "take", "accepted": True, "at": datetime.now(UTC)}
    return Verdict.model_validate(fields | changes)


async def test_an_accepted_reply_names_its_message(client: httpx2.AsyncClient, writer: Person, talk: Talk, engine: FakeGateway) -> None:
    engine.verdicts["action-1"] = verdict(talk, verb="post_reply", message_id="o-1", owner_id=writer.manager.id)
    answer = await act(client, writer, talk, "reply", {"text": " Yes. ", "keep": True, "last_seen_message_id": "m-1-2"})
    assert answer.status_code == 200
    assert answer.json() == {
        "action_id": "action-1",
        "status": "accepted",
        "conversation_id": talk.id,
        "message_id": "o-1",
        "owner_id": writer.manager.id,
    }
    assert engine.verbs == [
        PostReply(
            action_id="action-1",
            conversation_id=talk.id,
            manager_id=writer.manager.id,
            text="Yes.",
            keep=True,
            last_seen_message_id="m-1-2",
        )
    ]


@pytest.mark.parametrize(
    ("verb", "body", "sent"),
    [
        ("take", None, Take),
        ("take", {}, Take),
        ("take", {"force": True}, Take),
        ("release", None, Release),
        ("release", {"note": "she only said thanks"}, Release),
        ("resolve", {}, Resolve),
        ("resolve", None, Resolve),
        ("snooze", {"until": TOMORROW.isoformat()}, Snooze),
        ("assign", {"manager": "ADMIN@desk.example"}, Assign),
    ],
)
async def test_every_verb_reaches_the_conversation_under_its_own_id(
    client: httpx2.AsyncClient, writer: Person, talk: Talk, engine: FakeGateway, verb: str, body: dict[str, Any] | None, sent: type
) -> None:
    engine.verdicts["action-1"] = verdict(talk)
    answer = await act(client, writer, talk, verb, body)
    assert answer.status_code == 200, answer.text
    (reached,) = engine.verbs
    assert type(reached) is sent
    assert (reached.action_id, reached.conversation_id, reached.manager_id) == ("action-1", talk.id, writer.manager.id)
    match reached:
        case Take():
            assert reached.force is bool(body and body.get("force"))
        case Release():
            assert reached.note == (body or {}).get("note", "")
        case Snooze():
            assert reached.until == TOMORROW


async def test_without_a_verdict_in_time_the_action_is_pending_under_an_id_of_its_own(
    client: httpx2.AsyncClient, writer: Person, talk: Talk, engine: FakeGateway
) -> None:
    answers = [await act(client, writer, talk, "take", key=None) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert [answer.json()["status"] for answer in answers] == ["pending", "pending"]
    assert len({answer.json()["action_id"] for answer in answers} | {verb.action_id for verb in engine.verbs}) == 2


async def test_a_refused_reply_shows_what_the_person_has_not_seen(
    client: httpx2.AsyncClient, writer: Person, talk: Talk, engine: FakeGateway
) -> None:
    engine.verdicts["action-1"] = verdict(talk, accepted=False, reason=RefusedBecause.UNSEEN, unseen=talk.message_ids[1:])
    answer = await act(client, writer, talk, "reply", {"text": "Yes.", "last_seen_message_id": talk.message_ids[0]})
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == "urn:frontdesk:problem:refused-unseen"
    assert problem["reason"] == "unseen"
    assert problem["action_id"] == "action-1"
    assert [(message["id"], message["text"]) for message in problem["unseen"]] == [("m-1-1", "question 1.1"), ("m-1-2", "question 1.2")]


async def test_a_refused_take_says_who_has_it(
    client: httpx2.AsyncClient, writer: Person, people: dict[Role, Person], talk: Talk, engine: FakeGateway
) -> None:
    owner = people[Role.OWNER].manager
    engine.verdicts["action-1"] = verdict(talk, accepted=False, reason=RefusedBecause.OWNED, owner_id=owner.id, detail="Owner has it")
    problem = (await act(client, writer, talk, "take")).json()
    assert (problem["status"], problem["reason"], problem["detail"]) == (409, "owned", "Owner has it")
    assert problem["owner"] == {"id": owner.id, "name": owner.name}


@pytest.mark.parametrize("reason", ["stale", "closed", "owned", "unseen", "not_possible"])
async def test_every_refusal_has_words(client: httpx2.AsyncClient, writer: Person, talk: Talk, engine: FakeGateway, reason: str) -> None:
    engine.verdicts["action-1"] = verdict(talk, accepted=False, reason=reason)
    problem = (await act(client, writer, talk, "resolve")).json()
    assert problem["reason"] == reason
    assert len(problem["detail"].split()) > 3
    assert problem["unseen"] == []


async def test_a_reply_to_a_closed_conversation_names_the_one_it_opened(
    client: httpx2.AsyncClient, writer: Person, talk: Talk, engine: FakeGateway
) -> None:
    engine.verdicts["action-1"] = verdict(talk, conversation_id="the-next-one", message_id="o-1")
    assert (await act(client, writer, talk, "reply", {"text": "One more thing"})).json()["conversation_id"] == "the-next-one"


async def test_a_note_is_written_once_under_its_key_and_never_reaches_the_channel(
    client: httpx2.AsyncClient, writer: Person, talk: Talk, services: Services, engine: FakeGateway
) -> None:
    first = await act(client, writer, talk, "note", {"text": "Called her"})
    again = await act(client, writer, talk, "note", {"text": "Called her"})
    assert first.status_code == again.status_code == 200
    assert first.json()["message_id"] == again.json()["message_id"]
    notes = [message for message in await services.conversations.messages(talk.id) if message.direction == "note"]
    assert [(note.text, note.author_name) for note in notes] == [("Called her", "Manager")]
    assert engine.verbs == []
    assert (
        await act(client, writer, Talk(talk.record.model_copy(update={"conversation_id": "nope"}), ()), "note", {"text": "x"})
    ).status_code == 404


@pytest.mark.parametrize(
    ("verb", "body", "field"),
    [
        ("reply", {}, "text"),
        ("reply", None, "body"),
        ("reply", {"text": "  "}, "text"),
        ("reply", {"text": "x" * 16_001}, "text"),
        ("reply", {"text": "x", "kep": True}, "kep"),
        ("reply", {"text": ["x"]}, "text"),
        ("assign", {}, "manager"),
        ("assign", {"manager": "nobody@desk.example"}, "manager"),
        ("assign", {"manager": "viewer@desk.example"}, "manager"),
        ("snooze", {"until": "2020-01-01T00:00:00Z"}, "until"),
        ("snooze", {"until": "2099-01-01T00:00:00"}, "until"),
        ("snooze", {"until": "tomorrow"}, "until"),
        ("note", {"text": ""}, "text"),
        ("take", {"force": "perhaps"}, "force"),
    ],
)
async def test_a_value_that_can_t_be_right_is_named(
    client: httpx2.AsyncClient, writer: Person, talk: Talk, engine: FakeGateway, verb: str, body: dict[str, Any] | None, field: str
) -> None:
    answer = await act(client, writer, talk, verb, body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert field in answer.json()["detail"]
    assert engine.verbs == []


async def test_a_body_that_is_no_json_is_refused(client: httpx2.AsyncClient, writer: Person, talk: Talk) -> None:
    answer = await client.post(
        f"/api/v1/conversations/{talk.id}/reply", content=b"{", headers=writer.headers | {"content-type": "application/json"}
    )
    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:frontdesk:problem:bad-request"


@pytest.mark.parametrize("key", ["", "x" * 201, "two words"])
async def test_an_idempotency_key_is_short_and_plain(client: httpx2.AsyncClient, writer: Person, talk: Talk, key: str) -> None:
    answer = await act(client, writer, talk, "take", key=key)
    assert answer.status_code == 422
    assert "Idempotency-Key" in answer.json()["detail"]


async def test_a_viewer_reads_and_does_nothing_else(
    client: httpx2.AsyncClient, reader: Person, talk: Talk, engine: FakeGateway, services: Services
) -> None:
    for verb, body in (("reply", {"text": "x"}), ("take", {}), ("release", {}), ("resolve", {}), ("note", {"text": "x"})):
        answer = await act(client, reader, talk, verb, body)
        assert answer.status_code == 403
        assert answer.headers["content-type"] == "application/problem+json"
    assert engine.verbs == []
    assert (await client.get(f"/api/v1/conversations/{talk.id}", headers=reader.headers)).status_code == 200


async def test_an_action_without_the_engine_is_to_be_tried_again(
    client: httpx2.AsyncClient, writer: Person, talk: Talk, engine: FakeGateway
) -> None:
    engine.down = True
    answer = await act(client, writer, talk, "take")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]


async def test_actions_are_counted(counting: httpx2.AsyncClient, writer: Person, talk: Talk) -> None:
    await act(counting, writer, talk, "take")
    assert 'frontdesk_actions_total{action="take",outcome="pending"} 1.0' in (await counting.get("/metrics")).text


async def test_another_note_under_the_same_key_is_refused_not_swallowed(client: httpx2.AsyncClient, writer: Person, talk: Talk) -> None:
    assert (await act(client, writer, talk, "note", {"text": "Called her"})).status_code == 200
    assert (await act(client, writer, talk, "note", {"text": "Called him"})).status_code == 409


async def test_a_nul_in_a_text_is_dropped(client: httpx2.AsyncClient, writer: Person, talk: Talk, engine: FakeGateway) -> None:
    """PostgreSQL stores none."""
    await act(client, writer, talk, "reply", {"text": "36\x00 months"})
    (verb,) = engine.verbs
    assert isinstance(verb, PostReply)
    assert verb.text == "36 months"
    assert (await act(client, writer, talk, "note", {"text": "\x00"})).status_code == 422
