"""What MercadoLibre's answer to a send means for the message: sent, to be tried again, failed, or nobody knows."""

from collections.abc import Mapping

from channels.mercadolibre_api import TOKEN_WORDS, Answer
from channels.mercadolibre_events import answer_name
from channels.mercadolibre_threads import closed_words
from domain.channels import SendOutcome, SendResult

ALREADY_ANSWERED = "not_unanswered_question"

_PERMANENT: Mapping[str, str] = {
    "not_active_item": "The listing is not active any more: MercadoLibre takes no answer to its questions",
    "invalid_question": "MercadoLibre does not know this question any more: it was deleted",
    "not_found": "MercadoLibre does not know this question or conversation any more",
    "does not belong to pack": "MercadoLibre says that the customer does not belong to this conversation; answer on its site",
    "banned": "MercadoLibre has banned this question",
}
"""Part of an error, its message or its causes to what a manager reads."""


def question_outcome(answer: Answer, question_id: str) -> SendOutcome | None:
    """Of an answer that was posted. None: how the question stands must be looked up."""
    if answer.ok:
        return SendOutcome(result=SendResult.SENT, provider_id=answer_name(question_id))
    if answer.error == ALREADY_ANSWERED or answer.status >= 500 or 200 <= answer.status < 300:
        return None
    return refused(answer)


OPEN_QUESTION = frozenset({"UNANSWERED", "UNDER_REVIEW", ""})
"""States of a question that may still be answered; the empty one for a question that does not tell."""


def closed_question(status: str) -> str:
    """For a manager to read."""
    if status == "ANSWERED":
        return "The question is answered on MercadoLibre; it takes one answer only"
    return f"The question can't be answered any more: MercadoLibre's word for it is {status[:40]}"


def no_answer_outcome(status: str, otherwise: str) -> SendOutcome:
    """The question has no answer: ours was not processed."""
    if status in OPEN_QUESTION:
        return SendOutcome(result=SendResult.RETRY, error=otherwise)
    return SendOutcome(result=SendResult.FAILED, error=closed_question(status))


def thread_outcome(answer: Answer) -> SendOutcome:
    """Of a message that was posted."""
    if answer.ok:
        number = answer.body.text("id") or answer.body.text("message_id")
        if number:
            return SendOutcome(result=SendResult.SENT, provider_id=number)
        return SendOutcome(result=SendResult.UNKNOWN, error="MercadoLibre's answer names no message")
    if answer.status >= 500 or 200 <= answer.status < 300:
        return SendOutcome(result=SendResult.UNKNOWN, error=answer.said)
    return refused(answer)


def refused(answer: Answer) -> SendOutcome:
    """Of a call that did nothing at MercadoLibre: what it refused, or a look before the send."""
    if answer.token_refused:
        return SendOutcome(result=SendResult.RETRY, error=TOKEN_WORDS, token_refused=True)
    if answer.is_busy or answer.status >= 500 or 200 <= answer.status < 300:
        return SendOutcome(result=SendResult.RETRY, error=answer.said, retry_after=answer.retry_after)
    if 300 <= answer.status < 400:
        words = f"{answer.said}: redirects are not followed, check FRONTDESK_MERCADOLIBRE_API_URL"
        return SendOutcome(result=SendResult.FAILED, error=words)
    told = f"{answer.error} {answer.body.text('message').lower()} {answer.causes}"
    if "blocked" in told:
        return SendOutcome(result=SendResult.FAILED, error=f"MercadoLibre takes no message in this conversation: {closed_words(told)}")
    known = next((words for part, words in _PERMANENT.items() if part in told), None)
    return SendOutcome(result=SendResult.FAILED, error=known or answer.said)
