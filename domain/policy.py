"""What the owner decides for each inbox."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from domain.caution import THRESHOLDS, Caution
from domain.dealing import Strategy
from domain.hours import BusinessHours, Hours, parse_hours
from domain.ladder import Rung
from domain.line_texts import LANGUAGES, TEXTS, LineKey
from domain.model import Model
from domain.topics import TopicLine, TopicLines, parse_topics

A_YEAR_MINUTES = 365 * 24 * 60.0
"""The longest time that a policy may name. What the calendar can't hold would fail every turn of the inbox."""

Seconds = Annotated[float, Field(ge=0, le=24 * 3_600)]
Minutes = Annotated[float, Field(gt=0, le=A_YEAR_MINUTES)]
NoticeMinutes = Annotated[float, Field(ge=0, le=A_YEAR_MINUTES)]
Line = Annotated[str, StringConstraints(max_length=1_000, strip_whitespace=True)]

Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
LINE_NAME = re.compile(rf"(?:{'|'.join(LineKey)})_[a-z]{{2,3}}")
LineName = Annotated[str, StringConstraints(pattern=f"^{LINE_NAME.pattern}$")]


DEFAULT_THRESHOLD = THRESHOLDS[Caution.CAREFUL].threshold
"""Calibrated confidence from which the bot answers, unless the owner says otherwise."""

DEFAULT_UPSET = 0.4
"""From here up: of 42 upset messages that the model was not fitted on, and that hold none of the listed words, 26 were heard, and 5 of 42
calm ones; of 616 questions to shops, 6. `python -m scripts.fit_mood` prints it."""

LONGEST_TURN_SECONDS = 10.0
"""However often a customer adds a message, a turn is closed this long after its first one."""


class ReplyLength(StrEnum):
    SHORT = "short"
    MEDIUM = "medium"
    LONG = "long"


class Policy(Model):
    """What the owner decides per inbox. Every field is a `--set` name; durations accept fractions."""

    quiet_window_seconds: Seconds = 2.0
    """Several messages within it become one turn; 0 answers each message by itself, in order."""
    answer_threshold: float = Field(default=DEFAULT_THRESHOLD, ge=0, le=1)
    """The bot answers iff there is a passage, this is below 1 and the confidence reaches it."""
    reply_timeout_minutes: Minutes = 30.0
    idle_timeout_minutes: Minutes = 24 * 60.0
    greeting: Line = ""
    holding_line: Line = TEXTS[LineKey.HOLDING]["en"]
    apology_line: Line = TEXTS[LineKey.APOLOGY]["en"]
    offer_line: Line = TEXTS[LineKey.OFFER]["en"]
    person_offer_line: Line = TEXTS[LineKey.PERSON_OFFER]["en"]
    unreadable_line: Line = TEXTS[LineKey.UNREADABLE]["en"]
    wait_line: Line = TEXTS[LineKey.WAIT]["en"]
    closed_line: Line = TEXTS[LineKey.CLOSED]["en"]
    talking_to_line: Line = TEXTS[LineKey.TALKING_TO]["en"]
    bot_back_line: Line = TEXTS[LineKey.BOT_BACK]["en"]
    said_before_line: Line = TEXTS[LineKey.SAID_BEFORE]["en"]
    """A line that stands at its default is said in the customer's language; see `domain.lines`."""
    lines: Mapping[LineName, Line] = Field(default_factory=dict)
    """Lines for one language alone, by their `--set` names (`holding_line_es`)."""
    sources_in_text: bool = False
    """Document and page stand below an answer on channels that can only show text."""
    sources_line: Line = TEXTS[LineKey.SOURCES]["en"]
    topic_lines: TopicLines = ""
    """Links and contact lines added to an answer when a topic comes up; see `domain.topics`."""
    languages: Annotated[tuple[Language, ...], Field(min_length=1)] = LANGUAGES
    """Those that customers of this inbox write in; the first is spoken where nothing tells."""
    documents: tuple[Line, ...] = ()
    """File names of the documents that this inbox answers from; none: all of them."""
    instructions: Annotated[str, StringConstraints(max_length=8_000)] = ""
    tone: Line = ""
    """How the language model speaks, in the owner's words."""
    reply_length: ReplyLength = ReplyLength.MEDIUM
    """How long a reply of the language model may be."""
    keywords: tuple[Line, ...] = ()
    """A message that holds one of these words goes to a person."""
    person_requests: bool = True
    """Whether a customer who asks for a person gets one, without asking the documents."""
    upset_threshold: float = Field(default=DEFAULT_UPSET, ge=0, le=1)
    """A turn that sounds at least so angry or desperate goes to a person; 1: none does."""
    repeats_before_offer: int = Field(default=3, ge=0, le=10)
    """When the same question comes so many times, a person is offered, once; 0: never."""
    unreadable_to_person: bool = True
    """Whether what the bot can't read goes to a person; otherwise the customer is asked to write it."""
    notify_push_after_minutes: NoticeMinutes | None = 0.0
    notify_email_after_minutes: NoticeMinutes | None = 2.0
    notify_email_with_text: bool = True
    """Whether a mail shows what the customer wrote, and can be answered; it never does where no reply address is set up."""
    notify_sms_after_minutes: NoticeMinutes | None = 10.0
    notify_lead_after_minutes: NoticeMinutes | None = 20.0
    team_lead: Annotated[str, StringConstraints(max_length=254, strip_whitespace=True, to_lower=True)] = ""
    """E-mail address of the manager who is told last, by everything that reaches that person."""
    assignment: Strategy = Strategy.NOBODY
    """Who gets a flagged conversation."""
    offer_minutes: Minutes = 3.0
    """After so long without a take, an offered conversation goes to the next person."""
    away_return_minutes: Minutes | None = 30.0
    """What waits with somebody who has been away for so long goes back in line. None: it stays."""
    announces_waits: bool = True
    """Whether the holding line says how long it usually takes, or when the inbox opens again."""
    announces_person: bool = False
    """Whether the customer is told who has taken the conversation."""
    announces_bot: bool = False
    """Whether the customer is told that the bot has it again."""
    keep_idle_minutes: Minutes | None = None
    """A manager's conversation in which nothing is said for so long goes back to the bot; None: not before it is released."""
    first_reply_minutes: Minutes | None = None
    """How soon a person shall answer after the bot stopped, counted in business hours. None: no target."""
    next_reply_minutes: Minutes | None = None
    """The same for every later reply, while a person has the conversation."""
    business_hours: Hours = ""
    """Empty: always open."""
    activity_signs: bool = True
    """Customers see, where the channel has it, that their message was read and that somebody is writing."""
    window_reminder_minutes: NoticeMinutes | None = 60.0
    """Managers are told so long before a channel's reply window closes on a customer who waits."""
    human_agent_tag: bool = False
    """Meta has granted the app its Human Agent feature: a person's reply may follow up to 7 days later (Instagram, Messenger)."""
    show_sources: bool = True
    """Whether the customer sees document and page where the channel shows them beside the text."""

    @property
    def hours(self) -> BusinessHours:
        return parse_hours(self.business_hours)

    def ladder(self) -> tuple[tuple[Rung, float], ...]:
        """The rungs that are in use, each with its minutes after the flag."""
        rungs = (
            (Rung.PUSH, self.notify_push_after_minutes),
            (Rung.EMAIL, self.notify_email_after_minutes),
            (Rung.SMS, self.notify_sms_after_minutes),
            (Rung.LEAD, self.notify_lead_after_minutes if self.team_lead else None),
        )
        return tuple((rung, after) for rung, after in rungs if after is not None)

    @property
    def topics(self) -> tuple[TopicLine, ...]:
        return parse_topics(self.topic_lines)

    def turn_closes_at(self, first: datetime, last: datetime) -> datetime:
        """When a turn whose first and last message came at these times is closed."""
        return min(last + timedelta(seconds=self.quiet_window_seconds), first + timedelta(seconds=LONGEST_TURN_SECONDS))
