"""Brings a manager's answer by mail to the customer, or says by mail why it was not sent."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from temporalio import activity
from temporalio.exceptions import ApplicationError

from domain.commands import PostReply, RefusedBecause, Verdict
from domain.errors import Conflict, InvalidInput, NotFound, NotTold
from domain.ids import derived_id
from domain.mail import Acting, MailAnswers, MailOutcome, MailStore, ReadMail, ReceivedMail, ReplyTarget, Writers
from domain.managers import Manager, Role

_TOKEN = re.compile(r"\+([a-z2-7]{24})@")
VERDICT_SECONDS = 10.0

_WHY = {
    RefusedBecause.OWNED: "a colleague has this conversation",
    RefusedBecause.UNSEEN: "the customer, or a colleague, wrote something that you had not seen",
    RefusedBecause.STALE: "the customer has begun a new conversation since",
    RefusedBecause.CLOSED: "the conversation is closed",
}


class MailActivities:
    def __init__(
        self, store: MailStore, people: Writers, acting: Acting, read: Callable[[ReceivedMail], ReadMail], answers: MailAnswers | None
    ) -> None:
        self._store = store
        self._people = people
        self._acting = acting
        self._read = read
        self._answers = answers

    @activity.defn
    async def answer_by_mail(self, mail_id: str) -> str:
        """What became of the mail. Safe to repeat: its Message-ID is the action's id, so that an answer is sent once."""
        received = await self._store.received(mail_id)
        if received is None:
            return MailOutcome.DUPLICATE
        try:
            mail = self._read(received)
        except InvalidInput as error:
            return await self._settle(mail_id, MailOutcome.IGNORED, str(error))
        if mail.automatic is not None:
            return await self._settle(mail_id, MailOutcome.IGNORED, mail.automatic)
        target, person = await self._meant(mail)
        if target is None or person is None:
            return await self._settle(mail_id, MailOutcome.IGNORED, "no reply address that is good")
        if await self._store.is_repeat(mail_id, mail.message_id):
            return await self._settle(mail_id, MailOutcome.DUPLICATE, "a mail with this Message-ID came before")
        if (why := _not_acceptable(mail, person)) is not None:
            return await self._refuse(mail_id, mail, target, person, why)
        verb = PostReply(
            action_id=derived_id("mail", mail.message_id),
            conversation_id=target.conversation_id,
            manager_id=person.id,
            text=mail.text,
            last_seen_message_id=target.seen_message_id,
        )
        try:
            verdict = await self._acting.act(verb, wait_seconds=VERDICT_SECONDS)
        except (NotFound, Conflict) as error:
            return await self._refuse(mail_id, mail, target, person, str(error))
        if verdict is None:
            raise ApplicationError("The conversation has not answered yet", type="NoVerdict")
        if not verdict.accepted:
            return await self._refuse(mail_id, mail, target, person, _why(verdict), verdict.unseen)
        return await self._settle(mail_id, MailOutcome.SENT)

    async def _meant(self, mail: ReadMail) -> tuple[ReplyTarget | None, Manager | None]:
        for address in mail.recipients:
            if (found := _TOKEN.search(address)) and (target := await self._store.target(found[1], now=datetime.now(UTC))):
                try:
                    return target, await self._people.get(target.manager_id)
                except NotFound:
                    return None, None
        return None, None

    async def _refuse(
        self, mail_id: str, mail: ReadMail, target: ReplyTarget, person: Manager, why: str, unseen: Sequence[str] = ()
    ) -> str:
        """Told to the person's own address, whoever sent the mail: a forged sender learns nothing."""
        if self._answers is not None:
            try:
                await self._answers.refuse(mail, target, person, why, unseen=tuple(unseen))
            except NotTold as failure:
                if failure.retryable:
                    raise ApplicationError(str(failure), type="NotTold") from failure
        return await self._settle(mail_id, MailOutcome.REFUSED, why)

    async def _settle(self, mail_id: str, outcome: MailOutcome, detail: str = "") -> str:
        await self._store.settle(mail_id, outcome, detail)
        return outcome


def _not_acceptable(mail: ReadMail, person: Manager) -> str | None:
    if mail.sender != person.email.lower():
        return "it was sent from another address than yours; send it from the one that you sign in with"
    if mail.proved is False:
        return "the mail service could not confirm that it comes from you"
    if not person.may(Role.MANAGER):
        return "your role only reads"
    return None if mail.text else "it holds no words of its own; write above the quoted mail"


def _why(verdict: Verdict) -> str:
    return _WHY.get(verdict.reason or "", verdict.detail or "the conversation refused it")
