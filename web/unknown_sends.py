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
    await services.ledger.settle_by_hand(message_id, arrived=True)


async def send_again(services: Services, conversation_id: str, message_id: str, manager_id: str) -> Verdict | None:
    """The same words and files as a new reply; once it is accepted the old message counts as failed. Twice is once.

    Raises NotFound, and Conflict if it is unknown no more.
    """
    message = await _unknown(services, conversation_id, message_id)
    conversation = await services.conversations.get(conversation_id)
    verb = PostReply(
        action_id=derived_id("send again", message_id),
        conversation_id=conversation_id,
        manager_id=manager_id,
        text=message.text,
        attachments=message.attachments,
        keep=conversation.status is Status.HUMAN,
        opens_episode=conversation.status is Status.CLOSED,
    )
    verdict = await services.gateway.act(verb)
    if verdict is not None and verdict.accepted:
        await services.ledger.settle_by_hand(message_id, arrived=False)
    return verdict
