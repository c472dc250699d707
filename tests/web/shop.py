"""The espresso shop whose desk the web tests look at: its inboxes, people and conversations, written as activities would."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.channels import ChannelKind, SendOutcome, SendResult
from domain.conversations import ClosedReason, ConversationRecord, Due, HandOff, HandOffReason, RecordedMessages, Status
from domain.ids import derived_id
from domain.knowledge import ChunkKind, Citation, Evidence, Passage
from domain.managers import Inbox, Manager, Role
from domain.messages import InboundMessage, OutboundMessage, Purpose, Sender
from tests.web.engine import DeskEngine
from web.services import Services

PASSWORD = "a long enough password"  # the shop is made up
HOLDING = "Thank you for your message. A colleague will answer you here as soon as possible."


def passage(document: str, page: int, text: str, score: float, document_id: str = "d-1") -> Passage:
    chunk_id = f"{document}-{page}"
    return Passage(chunk_id=chunk_id, document_id=document_id, document=document, page=page, kind=ChunkKind.TEXT, text=text, score=score)


PUMP = Evidence(
    passages=(
        passage(
            "Pump programme 2025.pdf",
            2,
            "This page extends the warranty. Pumps in AeroBrew 200 and 300 built in 2024 are covered for 36 months, counted from the day "
            "of purchase. The owner sends the machine in with the label that we provide; repair and return are free of charge.",
            0.83,
        ),
        passage(
            "Warranty booklet.pdf",
            5,
            "The limited warranty covers parts for 24 months from purchase. Descaling damage is not covered.",
            0.81,
        ),
        passage("Returns.pdf", 1, "We pay for labels when a repair is covered. In all other cases the customer pays the way to us.", 0.64),
    ),
    confidence=0.41,
)
SHIPPING = Evidence(
    passages=(passage("Shipping times.pdf", 3, "We ship abroad. Parcels to Chile take 5 to 8 working days and cost 18 euros.", 0.91),),
    confidence=0.93,
)


@dataclass
class Shop:
    """`tell` writes a conversation step by step; times are minutes before `now`."""

    services: Services
    engine: DeskEngine
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    people: dict[str, Manager] = field(default_factory=dict)
    inboxes: dict[ChannelKind, Inbox] = field(default_factory=dict)
    _count: int = 0

    async def open(self) -> "Shop":
        add = self.services.people.add
        for name, role in (("Maya Ortiz", Role.OWNER), ("Dana Kim", Role.MANAGER), ("Luis Tan", Role.VIEWER), ("Ana Admin", Role.ADMIN)):
            first = name.split()[0].lower()
            self.people[first] = await add(f"{first}@desk.example", name, role)
        new = self.services.inboxes.add
        self.inboxes[ChannelKind.WEBCHAT] = await new(ChannelKind.WEBCHAT, "Website chat", inbox_id="website", settings={})
        self.inboxes[ChannelKind.REST] = await new(ChannelKind.REST, "Order system", inbox_id="orders", settings={"secret": "s" * 24})
        return self

    def ago(self, minutes: float) -> datetime:
        return self.now - timedelta(minutes=minutes)

    async def talk(
        self, name: str, *, channel: ChannelKind = ChannelKind.WEBCHAT, minutes: float = 10, **changes: Any
    ) -> ConversationRecord:
        self._count += 1
        inbox = self.inboxes[channel]
        contact_id, workflow_id = await self.services.arrivals.contact_for(inbox.id, f"customer-{self._count}", name)
        at = self.ago(minutes)
        record = ConversationRecord(
            conversation_id=derived_id("run", str(self._count)),
            workflow_id=workflow_id,
            inbox_id=inbox.id,
            channel=channel,
            contact_id=contact_id,
            version=0,
            epoch=1,
            status=Status.BOT,
            due=Due(idle_at=at + timedelta(hours=24)),
            opened_at=at,
        )
        return await self.engine.write(record, **changes)

    async def says(self, record: ConversationRecord, text: str, *, minutes: float) -> ConversationRecord:
        self._count += 1
        message_id = derived_id("in", str(self._count))
        message = InboundMessage(id=message_id, provider_id=message_id, text=text, received_at=self.ago(minutes))
        new = self.engine.records[record.conversation_id].model_copy(
            update={"version": self.engine.records[record.conversation_id].version + 1}
        )
        self.engine.records[record.conversation_id] = new
        await self.services.conversations.record(RecordedMessages(record=new, messages=(message,)))
        return new

    async def answers(
        self,
        record: ConversationRecord,
        text: str,
        *,
        minutes: float,
        by: str | None = None,
        citations: tuple[Citation, ...] = (),
        result: SendResult = SendResult.SENT,
        purpose: Purpose | None = None,
        turn_id: str | None = None,
    ) -> str:
        self._count += 1
        message = OutboundMessage(
            id=derived_id("out", str(self._count)),
            conversation_id=record.conversation_id,
            inbox_id=record.inbox_id,
            contact_id=record.contact_id,
            sender=Sender.MANAGER if by else Sender.BOT,
            author_id=self.people[by].id if by else None,
            purpose=purpose or (Purpose.REPLY if by else Purpose.ANSWER),
            text=text,
            citations=citations,
            epoch=record.epoch,
            created_at=self.ago(minutes),
        )
        current = self.engine.records[record.conversation_id]
        await self.services.ledger.claim(message, current, turn_id=turn_id, idempotent=True)
        error = None if result is SendResult.SENT else "the address is unknown"
        await self.services.ledger.settle(message.id, SendOutcome(result=result, error=error))
        return message.id

    async def flags(
        self,
        record: ConversationRecord,
        reason: HandOffReason = HandOffReason.LOW_CONFIDENCE,
        *,
        minutes: float,
        detail: str = "The best passage answers this with a confidence of 41%; the bot answers from 70%",
        evidence: Evidence = PUMP,
        told: SendResult = SendResult.SENT,
    ) -> ConversationRecord:
        """`told`: what became of the holding line."""
        turn_id = derived_id("turn", record.conversation_id)
        at = self.ago(minutes)
        hand_off = HandOff(reason=reason, detail=detail, at=at, confidence=evidence.confidence, threshold=0.7, turn_id=turn_id)
        due = Due(reply_at=at + timedelta(minutes=30), idle_at=at + timedelta(hours=24))
        current = self.engine.records[record.conversation_id]
        new = current.model_copy(
            update={"status": Status.FLAGGED, "hand_off": hand_off, "waiting_since": at, "due": due, "version": current.version + 1}
        )
        self.engine.records[record.conversation_id] = new
        await self.services.conversations.record(RecordedMessages(record=new), evidence=(turn_id, evidence))
        await self.answers(new, HOLDING, minutes=minutes, purpose=Purpose.HOLDING, result=told, turn_id=turn_id)
        return new

    async def takes(self, record: ConversationRecord, who: str, **changes: Any) -> ConversationRecord:
        current = self.engine.records[record.conversation_id]
        return await self.engine.write(current, **{"status": Status.HUMAN, "assignee_id": self.people[who].id, **changes})


async def furnish(shop: Shop) -> dict[str, ConversationRecord]:
    """A morning at the desk, by the customer's first name."""
    found = {}
    priya = await shop.talk("Priya Raman", minutes=14)
    await shop.says(
        priya, "Hi! My espresso machine (AeroBrew 300) shows error E7 and the pump just hums. I already descaled it last week.", minutes=12
    )
    cited = (Citation(document="AeroBrew 300 manual.pdf", page=31, document_id="d-9", quote="E7: the pump can’t draw water"),)
    await shop.answers(
        priya,
        "Thanks for the details, Priya. E7 means the pump can’t draw water. Please reseat the tank until it clicks, then hold Steam "
        "for five seconds to prime the pump.",
        minutes=12,
        citations=cited,
    )
    await shop.says(
        priya, "Did that twice, same error. It’s 25 months old. Is the pump still covered, and do I pay the shipping?", minutes=7
    )
    found["priya"] = await shop.flags(priya, minutes=6)
    await shop.services.teamwork.add_note(
        priya.conversation_id, shop.people["dana"].id, "@Maya serial starts with 24H, so the pump programme should apply.", note_id="note-1"
    )
    await shop.services.teamwork.mentions_seen(priya.conversation_id, shop.people["maya"].id)
    tomas = await shop.talk("Tomás Vega", channel=ChannelKind.REST, minutes=40)
    await shop.says(tomas, "Hello, order 100-7734.", minutes=6)
    await shop.says(tomas, "The refund still isn’t in my account, it has been nine days.", minutes=5)
    found["tomas"] = await shop.flags(
        tomas, HandOffReason.MISSING_KNOWLEDGE, minutes=4, detail="The documents hold no answer to this question"
    )
    hannah = await shop.talk("Hannah Lindqvist", minutes=60)
    await shop.says(hannah, "Photo of the cracked carafe attached, can you replace it?", minutes=2)
    found["hannah"] = await shop.takes(hannah, "maya", waiting_since=shop.ago(2))
    for name, minutes, text, owner in (
        ("Okonkwo & Sons", 70, "I’ve asked the warehouse to split the order.", "maya"),
        ("Mei Tanaka", 90, "Sent the prepaid label, please let me know when it is there.", "maya"),
        ("Jonas Weber", 130, "Invoice corrected, VAT number added.", "dana"),
    ):
        record = await shop.talk(name, channel=ChannelKind.REST, minutes=minutes + 30)
        await shop.says(record, "Good morning, one question about my order please.", minutes=minutes + 5)
        record = await shop.takes(record, owner)
        await shop.answers(record, text, minutes=minutes, by=owner)
        await shop.services.conversations.mark_seen(record.conversation_id)
        found[name.split()[0].lower()] = record
    night = await shop.talk("+44 7700 900142", channel=ChannelKind.REST, minutes=200)
    await shop.says(night, "Can we talk tomorrow?", minutes=185)
    night = await shop.takes(night, "maya", status=Status.SNOOZED, due=Due(snooze_until=shop.now + timedelta(hours=20)))
    await shop.answers(night, "No problem, talk tomorrow at ten.", minutes=180, by="maya")
    await shop.services.conversations.mark_seen(night.conversation_id)
    found["night"] = night
    for index, name in enumerate(("Olga Petrova", "Sam Reed", "Ines Costa", "Ravi Patel")):
        record = await shop.talk(name, minutes=30 + index * 9)
        await shop.says(record, "Do you ship to Chile?", minutes=29 + index * 9)
        turn_id = derived_id("turn", record.conversation_id)
        await shop.services.conversations.record(RecordedMessages(record=record), evidence=(turn_id, SHIPPING))
        text = "Yes. Parcels to Chile take 5 to 8 working days and cost 18 euros."
        await shop.answers(record, text, minutes=28 + index * 9, citations=cited, turn_id=turn_id)
        found[name.split()[0].lower()] = record
    old = await shop.talk("Bea Lang", minutes=3000)
    await shop.says(old, "Thank you, that worked!", minutes=2990)
    found["bea"] = await shop.engine.write(
        shop.engine.records[old.conversation_id],
        status=Status.CLOSED,
        closed_reason=ClosedReason.IDLE,
        closed_at=shop.ago(1500),
        due=Due(),
    )
    return found
