"""How the bot behaves in an inbox, as a form: which of the policy's fields are shown, in which group, in which words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from domain.policy import Policy

Shape = Literal["line", "number", "text", "switch", "choice"]


@dataclass(frozen=True)
class Field:
    """One field of the policy. `name` is its `--set` name."""

    name: str
    words: str
    hint: str = ""
    shape: Shape = "line"
    choices: tuple[tuple[str, str], ...] = ()
    """Value and words, for a choice."""


@dataclass(frozen=True)
class Group:
    id: str
    title: str
    lead: str
    fields: tuple[Field, ...]
    decides: bool = False
    """Whether its fields decide what goes to a person: then it can be tried on the last weeks' conversations."""


GROUPS = (
    Group(
        "answers",
        "Answers",
        "When the bot answers by itself, and how.",
        (
            Field("answer_threshold", "Answers from a confidence of", "0 to 1; at 1 every question goes to a person. See above.", "number"),
            Field("documents", "Answers from these documents only", "File names with commas between them. Empty: all of them."),
            Field(
                "topic_lines", "Links and contact lines by topic", "One topic a line, such as returns, refund: https://shop.example", "text"
            ),
            Field("languages", "Languages of your customers", "With commas between them; the first is spoken where nothing tells."),
            Field("sources_in_text", "Document and page stand below answers where only text can be shown", "", "switch"),
            Field("quiet_window_seconds", "Waits for more messages, seconds", "Several messages within it get one answer.", "number"),
            Field("show_sources", "Customers see document and page", "", "switch"),
            Field("tone", "Tone", "How the language model speaks, where one is set. For example: warm, first names.", "text"),
            Field(
                "reply_length",
                "Length of its replies",
                "",
                "choice",
                (("short", "Up to 2 sentences"), ("medium", "Up to 4 sentences"), ("long", "Up to 8 sentences")),
            ),
            Field("instructions", "Extra instructions", "Read by the language model too.", "text"),
        ),
        decides=True,
    ),
    Group(
        "people",
        "When a person is needed",
        "What goes to a person, and what happens if nobody comes.",
        (
            Field("keywords", "Words that always go to a person", "With commas between them.", "text"),
            Field("person_requests", "Who asks for a person gets one", "", "switch"),
            Field("unreadable_to_person", "What the bot can't read goes to a person", "Off: the customer is asked to write it.", "switch"),
            Field("upset_threshold", "Angry or desperate from", "0 to 1; at 1 nobody is handed over for it.", "number"),
            Field("repeats_before_offer", "Offers a person when a question comes so often", "0: never.", "number"),
            Field(
                "business_hours",
                "Business hours",
                "For example: Europe/Madrid; mon-fri 09:00-18:00; closed 2026-12-25. Empty: always open.",
                "text",
            ),
            Field("announces_waits", "The holding line says how long it takes, or when you open again", "", "switch"),
            Field("announces_person", "Customers are told who has taken the conversation", "By first name, once.", "switch"),
            Field("announces_bot", "Customers are told when the bot has it again", "", "switch"),
            Field(
                "keep_idle_minutes",
                "Back to the bot after silence, minutes",
                "Of a conversation that is kept. Empty: when released.",
                "number",
            ),
            Field("reply_timeout_minutes", "Back to the bot if nobody answers, minutes", "", "number"),
            Field("idle_timeout_minutes", "Closes when the customer is silent, minutes", "", "number"),
        ),
        decides=True,
    ),
    Group(
        "assignment",
        "Who gets it",
        "To whom a conversation goes that needs a person.",
        (
            Field(
                "assignment",
                "A flagged conversation",
                "",
                "choice",
                (
                    ("nobody", "Stands in everybody's list until somebody takes it"),
                    ("fewest", "Is offered to whoever has the fewest"),
                    ("round_robin", "Is offered in turn"),
                ),
            ),
            Field("offer_minutes", "An offer goes to the next person after, minutes", "", "number"),
            Field("first_reply_minutes", "Target for a person's first reply, minutes", "Of business hours. Empty: none.", "number"),
            Field("next_reply_minutes", "Target for every later reply, minutes", "Of business hours. Empty: none.", "number"),
            Field("away_return_minutes", "What waits with somebody away goes to others after, minutes", "Empty: it stays.", "number"),
        ),
    ),
    Group(
        "telling",
        "Telling the team",
        "After how long, while nobody has taken the conversation.",
        (
            Field("notify_push_after_minutes", "Push messages to the team after, minutes", "Empty: never.", "number"),
            Field("notify_email_after_minutes", "E-mails the team after, minutes", "Empty: never.", "number"),
            Field(
                "notify_email_with_text",
                "E-mails show what the customer wrote, and can be answered",
                "Where answering by e-mail is set up.",
                "switch",
            ),
            Field("notify_sms_after_minutes", "Texts the team after, minutes", "Empty: never.", "number"),
            Field("notify_lead_after_minutes", "Tells the team lead after, minutes", "Empty: never.", "number"),
            Field("team_lead", "Team lead", "The e-mail address of a person of the team. Empty: nobody is told after the others."),
        ),
    ),
    Group(
        "sending",
        "On the channel",
        "What customers see besides messages, and the channel's reply window.",
        (
            Field(
                "activity_signs",
                "Customers see that a message was read and somebody writes",
                "Where the channel has it.",
                "switch",
            ),
            Field("window_reminder_minutes", "Reminds the team before the reply window closes, minutes", "Empty: never.", "number"),
            Field(
                "human_agent_tag",
                "Meta has approved this account for people's replies up to 7 days later",
                "Instagram and Messenger: the human agent feature.",
                "switch",
            ),
        ),
    ),
    Group(
        "lines",
        "Fixed lines",
        "What customers are told in every case. A line that was not changed is said in the customer's language.",
        (
            Field("greeting", "Greeting", "Empty: none.", "text"),
            Field("holding_line", "When a person is needed", "", "text"),
            Field("wait_line", "How long it usually takes", "{time} is how long. Follows the one above.", "text"),
            Field("closed_line", "Outside business hours", "{when} is the next opening. Then said instead of how long.", "text"),
            Field("apology_line", "When nobody came in time", "", "text"),
            Field("offer_line", "Above near questions", "", "text"),
            Field("sources_line", "Document and page, where they stand below an answer", "{sources} are the pages.", "text"),
            Field("person_offer_line", "When a person is offered", "", "text"),
            Field("unreadable_line", "When the bot can't read a message", "", "text"),
            Field("talking_to_line", "Who has taken the conversation", "{name} is the first name.", "text"),
            Field("bot_back_line", "The bot has it again", "", "text"),
            Field("said_before_line", "Before what a person has answered already", "{text} is the answer.", "text"),
        ),
    ),
)
"""Every group is one form: saving one changes nothing in the others."""


@dataclass(frozen=True)
class Filled:
    """A field with its value as the form shows it."""

    field: Field
    value: str

    @property
    def on(self) -> bool:
        return self.value == "true"


@dataclass(frozen=True)
class FilledGroup:
    group: Group
    fields: Sequence[Filled]


def filled(policy: Policy) -> list[FilledGroup]:
    return [FilledGroup(group, [Filled(field, _shown(getattr(policy, field.name))) for field in group.fields]) for group in GROUPS]


def settings_in(form: Mapping[str, str], group_id: str) -> dict[str, str]:
    """What a group's form says, under `--set` names; a switch that is off is not sent by browsers. Empty for an unknown group."""
    group = next((group for group in GROUPS if group.id == group_id), None)
    if group is None:
        return {}
    given = {field.name: form[field.name].replace("\r\n", "\n") for field in group.fields if field.name in form}
    return given | {field.name: str(field.name in form).lower() for field in group.fields if field.shape == "switch"}


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)
