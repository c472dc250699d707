"""What operators see of a conversation in the Temporal UI: search attributes to filter by, and a page to read."""

from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from domain.decisions import words_for
from workflows.state import ConversationState

STATUS = SearchAttributeKey.for_keyword("FrontdeskStatus")
CHANNEL = SearchAttributeKey.for_keyword("FrontdeskChannel")
INBOX = SearchAttributeKey.for_keyword("FrontdeskInbox")
ASSIGNEE = SearchAttributeKey.for_keyword("FrontdeskAssignee")
OFFERED_TO = SearchAttributeKey.for_keyword("FrontdeskOfferedTo")
WAITING_SINCE = SearchAttributeKey.for_datetime("FrontdeskWaitingSince")
SEARCH_ATTRIBUTES = (STATUS, CHANNEL, INBOX, ASSIGNEE, OFFERED_TO, WAITING_SINCE)


def attributes_of(state: ConversationState) -> TypedSearchAttributes:
    pairs: list[SearchAttributePair[Any]] = [
        SearchAttributePair(STATUS, state.status.value),
        SearchAttributePair(CHANNEL, state.start.channel.value),
        SearchAttributePair(INBOX, state.start.inbox_id),
    ]
    if state.assignee_id is not None:
        pairs.append(SearchAttributePair(ASSIGNEE, state.assignee_id))
    if state.standing is not None and state.standing.manager_id is not None:
        pairs.append(SearchAttributePair(OFFERED_TO, state.standing.manager_id))
    if state.waiting_since is not None:
        pairs.append(SearchAttributePair(WAITING_SINCE, state.waiting_since))
    return TypedSearchAttributes(pairs)


def show(state: ConversationState, shown: TypedSearchAttributes) -> TypedSearchAttributes:
    """Brings the UI up to date; an unchanged attribute costs no history event. Returns what is shown now."""
    now = attributes_of(state)
    if now != shown:
        gone = [key.value_unset() for key in (ASSIGNEE, OFFERED_TO, WAITING_SINCE) if shown.get(key) is not None and now.get(key) is None]
        changed = [pair.key.value_set(pair.value) for pair in now.search_attributes if shown.get(pair.key) != pair.value]
        workflow.upsert_search_attributes([*changed, *gone])
    workflow.set_current_details(details_of(state))
    return now


def details_of(state: ConversationState) -> str:
    """Markdown."""
    lines = [f"**{state.status}** on {state.start.channel} inbox `{state.start.inbox_id}`, epoch {state.epoch}"]
    if state.hand_off is not None:
        lines.append(f"Stopped because {words_for(state.hand_off.reason)}: {state.hand_off.detail}")
    if state.assignee_id is not None:
        lines.append(f"Manager `{state.assignee_id}` has it")
    offer = state.standing
    if offer is not None and offer.manager_id is not None and offer.expires_at is not None:
        lines.append(f"Offered to manager `{offer.manager_id}` until {offer.expires_at.isoformat(timespec='seconds')}")
    elif offer is not None:
        lines.append(f"In line since {offer.since.isoformat(timespec='seconds')}: offered as soon as somebody is free")
    lines.append(f"{len(state.pending)} to answer, {len(state.unreplied)} waiting for a person, {len(state.outbox)} to send")
    deadlines = (
        ("idle reset", state.idle_at),
        ("back to the bot", state.reply_at),
        ("wakes", state.snooze_until),
        ("reply due", state.target.due_at if state.target else None),
    )
    lines += [f"- {name}: {at.isoformat(timespec='seconds')}" for name, at in deadlines if at is not None]
    return "\n\n".join(lines)
