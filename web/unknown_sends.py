"""What a person does with a message of which nobody knows whether it arrived. Dashboard and API share it."""

from domain.commands import PostReply, Verdict
from domain.conversations import Status
from domain.errors import Conflict, NotFound
from domain.ids import derived_id
from domain.messages import DeliveryState, Message
from web.services import Services


async def _unknown(services: Services, conversation_id: str, message_id: str) -> Message:
    message = await services.conversations.message(message_id)
    if message.conversation_id != conversation_id:
        raise NotFound(f"There is no message {message_id} in this conversation")
    if message.delivery is not DeliveryState.UNKNOWN:
        raise Conflict("It is known by now what became of this message; look at it again")
    return message


async def it_arrived(services: Services, conversation_id: str, message_id: str) -> None:
    """Raises NotFound, and Conflict if it is unknown no more."""
    await _unknown(services, conversation_id, message_id)
    await services.ledger.settle_by_hand(message_id)


async def send_again(services: Services, conversation_id: str, message_id: str, manager_id: str) -> tuple[str, Verdict | None]:
    """The same words and files as a new reply to what they answered; with its acceptance the old message counts as failed.

    Returns the action's id and its verdict, None if there is none yet. Twice is once; after a refusal it is tried anew. Raises NotFound,
    and Conflict if it is unknown no more.
    """
    message = await _unknown(services, conversation_id, message_id)
    conversation = await services.conversations.get(conversation_id)
    answers, template = await services.ledger.answered_by(message_id)
    verb = PostReply(
        action_id=await _open_action(services, message_id),
        conversation_id=conversation_id,
        manager_id=manager_id,
        text=message.text,
        template=template,
        attachments=message.attachments,
        keep=conversation.status is Status.HUMAN,
        opens_episode=conversation.status is Status.CLOSED,
        resends=message_id,
        answers=answers,
    )
    try:
        return verb.action_id, await services.gateway.act(verb)
    except Conflict as taken:
        raise Conflict("A colleague is sending this message again; look at it in a moment") from taken


async def _open_action(services: Services, message_id: str) -> str:
    """The first attempt that was not refused: whoever presses meanwhile joins it."""
    attempt = 0
    while (verdict := await services.conversations.verdict(_action(message_id, attempt))) is not None and not verdict.accepted:
        attempt += 1
    return _action(message_id, attempt)


def _action(message_id: str, attempt: int) -> str:
    return derived_id("send again", message_id, str(attempt))
