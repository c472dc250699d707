"""Several conversations at once, and dismissing, through the API."""

import httpx2

from tests.api.conftest import Person, Talk

BULK = "/api/v1/conversations/bulk"


async def test_each_conversation_has_its_own_outcome(client: httpx2.AsyncClient, admin: Person, reader: Person, talk: Talk) -> None:
    body = {"action": "dismiss", "conversations": [talk.id, "nowhere", talk.id]}
    done = await client.post(BULK, json=body, headers=admin.headers)
    assert done.status_code == 200
    assert [(one["conversation_id"], one["status"]) for one in done.json()["items"]] == [(talk.id, "accepted"), ("nowhere", "refused")]
    late = {"action": "resolve", "conversations": [talk.id], "seen_at": "2020-01-01T00:00:00Z"}
    (kept,) = (await client.post(BULK, json=late, headers=admin.headers)).json()["items"]
    assert (kept["status"], "wrote since" in kept["detail"]) == ("refused", True)
    assert (await client.post(BULK, json=body, headers=reader.headers)).status_code == 403
    assert (await client.post(BULK, json={"action": "delete", "conversations": [talk.id]}, headers=admin.headers)).status_code == 422


async def test_dismissing_again_changes_nothing(client: httpx2.AsyncClient, admin: Person, talk: Talk) -> None:
    for _ in range(2):
        assert (await client.post(f"/api/v1/conversations/{talk.id}/dismiss", headers=admin.headers)).status_code == 204
    assert (await client.post("/api/v1/conversations/nowhere/dismiss", headers=admin.headers)).status_code == 404
    listed = (await client.get("/api/v1/conversations?unanswered=true", headers=admin.headers)).json()
    assert listed["items"] == []
