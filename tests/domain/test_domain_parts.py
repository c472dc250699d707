"""What one message becomes on a channel: readable lines, parts of the right length, nothing that the platform sanctions."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.registry import FEATURES
from domain.channels import ChannelFeatures, ChannelKind, LengthUnit
from domain.knowledge import Citation
from domain.messages import MessageRef, OutboundMessage, Purpose, Sender
from domain.parts import parts_of
from domain.rich_text import readable
from domain.splitting import measure, split

SHORT = ChannelFeatures(label="Short", settings=(), secret_settings=(), max_text=60, idempotent_send=False)


def message(text: str, *, sender: Sender = Sender.BOT, purpose: Purpose = Purpose.ANSWER, sources: str = "") -> OutboundMessage:
    return OutboundMessage(
        id="o-1",
        conversation_id="c",
        inbox_id="i",
        contact_id="k",
        sender=sender,
        purpose=purpose,
        text=text,
        quick_replies=("a", "b"),
        in_reply_to=(MessageRef(id="m-1"),),
        citations=(Citation(document="shop.pdf", page=2),),
        confidence=0.9,
        sources=sources,
        epoch=0,
        created_at=datetime.now(UTC),
    )


def texts(text: str, features: ChannelFeatures = SHORT) -> list[str]:
    return [part.text for part in parts_of(message(text), features)]


def test_a_long_text_is_cut_where_sentences_end_and_loses_nothing() -> None:
    text = "We ship to Chile in 5 to 8 days. We ship to Peru in 6 to 9 days. Returns are free for 30 days! Is that so? Yes, e.g. for shoes."
    parts = texts(text)
    assert parts[0] == "We ship to Chile in 5 to 8 days."
    assert " ".join(parts) == text
    assert all(part[-1] in ".!?" for part in parts)


def test_paragraphs_are_kept_together_before_lines_and_lines_before_sentences() -> None:
    assert texts("First line. More of it.\n\nSecond part\nwith a line of its own that is long.") == [
        "First line. More of it.",
        "Second part\nwith a line of its own that is long.",
    ]


@pytest.mark.parametrize("unit", list(LengthUnit))
@given(text=st.text(alphabet=st.sampled_from("ab .!\n👋é\u0301\u200d"), max_size=400), room=st.integers(8, 40))
def test_every_part_fits_and_together_they_say_the_same(unit: LengthUnit, text: str, room: int) -> None:
    pieces = split(text, lambda start, end: measure(text[start:end], unit) <= room)
    assert "".join("".join(text[start:end].split()) for start, end in pieces) == "".join(text.split())
    assert all(measure(text[start:end], unit) <= room for start, end in pieces)
    assert all(start < end for start, end in pieces)


def test_a_word_without_end_is_cut_and_no_emoji_is_torn() -> None:
    assert texts("x" * 130) == ["x" * 60, "x" * 60, "x" * 10]
    family = "👨\u200d👩\u200d👧"
    text = "x" * 9 + family * 3
    assert all(text[start] != "\u200d" for start, _ in split(text, lambda start, end: end - start <= 12))


def test_only_one_part_answers_and_only_the_last_offers() -> None:
    first, *_, last = parts_of(message("One sentence here. " * 10), SHORT)
    assert (first.id, [ref.id for ref in first.in_reply_to], len(first.citations), first.quick_replies) == ("o-1", ["m-1"], 1, ())
    assert (last.in_reply_to, last.citations, last.confidence, last.quick_replies) == ((), (), None, ("a", "b"))
    ids = [part.id for part in parts_of(message("One sentence here. " * 10), SHORT)]
    assert len(set(ids)) == len(ids)
    assert ids == [part.id for part in parts_of(message("One sentence here. " * 10), SHORT)], "a repeat names them the same"


@pytest.mark.parametrize("kind", [kind for kind in FEATURES if kind is not ChannelKind.WEBCHAT])
def test_emphasis_leaves_room_for_a_channels_marks(kind: ChannelKind) -> None:
    features = FEATURES[kind]
    parts = parts_of(message("**Chile**: five days.\n" * 2_000), features)
    assert all(measure(part.text, features.length_unit) + 2 * len(part.emphasis) <= features.max_text for part in parts)
    first = parts[0].emphasis[0]
    assert parts[0].text[first.start : first.start + first.length] == "Chile"


@pytest.mark.parametrize(
    ("source", "shown", "emphasised"),
    [
        ("## Shipping\n- **Chile**: 5 days\n* Peru: 6", "Shipping\n• Chile: 5 days\n• Peru: 6", ["Shipping", "Chile"]),
        ("M – Chest: 96-101 cm; Waist: 84-89 cm", "M\n• Chest: 96-101 cm\n• Waist: 84-89 cm", ["M"]),
        ("| Size | Chest | Waist |\n|---|:---:|---|\n| M | 96 | 84 |", "M\n• Chest: 96\n• Waist: 84", ["M"]),
        ("We take: • cards • cash", "We take:\n• cards\n• cash", []),
        ("See [sizes](https://x.example/s), [](https://x.example).", "See sizes: https://x.example/s, https://x.example.", []),
        ("5* hotel, 2 * 3 = 6, a ** b", "5* hotel, 2 * 3 = 6, a ** b", []),
        ("Line – with a dash; but no: cells", "Line – with a dash; but no: cells", []),
        ("1. first\n\n\n\n2. second  ", "1. first\n\n2. second", []),
    ],
)
def test_bullets_tables_and_marks_are_readable_on_a_telephone(source: str, shown: str, emphasised: list[str]) -> None:
    rich = readable(source)
    assert rich.text == shown
    assert [rich.text[one.start : one.start + one.length] for one in rich.emphasis] == emphasised


def test_a_persons_words_go_out_as_they_are() -> None:
    (part,) = parts_of(message("- **no** change\n- here", sender=Sender.MANAGER, purpose=Purpose.REPLY), SHORT)
    assert (part.text, part.emphasis) == ("- **no** change\n- here", ())


def test_sources_stand_below_the_text_where_the_channel_shows_none_itself() -> None:
    said = message("Two years.", sources="From: shop.pdf, p. 2")
    assert [part.text for part in parts_of(said, FEATURES[ChannelKind.TELEGRAM])] == ["Two years.\n\nFrom: shop.pdf, p. 2"]
    assert [part.text for part in parts_of(said, FEATURES[ChannelKind.REST])] == ["Two years."]


def test_contact_data_is_taken_out_of_the_bots_words_where_the_platform_sanctions_it() -> None:
    strict = SHORT.model_copy(update={"strip_contacts": True, "max_text": 2_000})
    text = "Yes, we ship to Chile. Write to ana@shop.example or call +56 9 8765 4321."
    assert texts(text, strict) == ["Yes, we ship to Chile."]
    assert texts(text, strict.model_copy(update={"strip_contacts": False})) == [text]
    assert texts("Write to ana@shop.example.", strict) == []
    (person,) = parts_of(message(text, sender=Sender.MANAGER, purpose=Purpose.REPLY), strict)
    assert person.text == text


def test_where_the_channel_takes_one_answer_nothing_is_split() -> None:
    text = "One sentence here. " * 10
    assert [part.text for part in parts_of(message(text).model_copy(update={"whole": True}), SHORT)] == [text.strip()]


def test_a_file_without_words_is_one_part() -> None:
    (part,) = parts_of(message("", sender=Sender.MANAGER, purpose=Purpose.REPLY), SHORT)
    assert part.id == "o-1"
