"""Replies that did not come in time, through the API."""

from datetime import UTC, datetime, timedelta

import httpx2

from domain.channels import ChannelKind
from domain.commands import Verdict
from domain.conversations import ConversationRecord, RecordedMessages, Status
from domain.targets import ReplyKind, ReplyTarget
from tests.api.conftest import Person
from web.services import Services

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


async def test_breaches_come_latest_first_page_by_page(
    client: httpx2.AsyncClient, admin: Person, reader: Person, services: Services
) -> None:
    await services.inboxes.add(ChannelKind.WEBCHAT, "Site", inbox_id="site", settings={})
    for number in range(3):
        contact_id, workflow_id = await services.arrivals.contact_for("site", f"c-{number}", None)
        since = NOON + timedelta(minutes=number)
        record = ConversationRecord(
            conversation_id=f"conversation-{number}",
            workflow_id=workflow_id,
            inbox_id="site",
            channel=ChannelKind.WEBCHAT,
            contact_id=contact_id,
            version=1,
            epoch=0,
            status=Status.HUMAN,
            assignee_id=admin.manager.id,
            opened_at=NOON,
            overdue=ReplyTarget(kind=ReplyKind.FIRST, since=since, due_at=since + timedelta(minutes=20)),
        )
        for version in (1, 2):
            await services.conversations.record(RecordedMessages(record=record.model_copy(update={"version": version})))
    verdict = Verdict(action_id="a-1", conversation_id="conversation-0", verb="post_reply", accepted=True, at=NOON + timedelta(hours=1))
    await services.conversations.record(RecordedMessages(record=record.model_copy(update={"version": 0})))
    answered = record.model_copy(update={"conversation_id": "conversation-0", "version": 3, "overdue": None})
    await services.conversations.record(RecordedMessages(record=answered), verdict=verdict)

    first = (await client.get("/api/v1/breaches?limit=2", headers=reader.headers)).json()
    assert [one["conversation_id"] for one in first["items"]] == ["conversation-2", "conversation-1"]
    assert (first["items"][0]["kind"], first["items"][0]["manager_name"]) == ("first", admin.manager.name)
    rest = (await client.get(f"/api/v1/breaches?limit=2&cursor={first['next_cursor']}", headers=reader.headers)).json()
    assert [(one["conversation_id"], one["answered_at"]) for one in rest["items"]] == [("conversation-0", "2026-11-25T13:00:00Z")]
    assert rest["next_cursor"] is None
    owed = (await client.get("/api/v1/breaches?unanswered=true&inbox=site", headers=reader.headers)).json()["items"]
    assert [one["conversation_id"] for one in owed] == ["conversation-2", "conversation-1"]
    assert (await client.get("/api/v1/breaches?inbox=other", headers=reader.headers)).json()["items"] == []
