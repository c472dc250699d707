"""Every way in which businesses set their documents comes out as the same units."""

from collections.abc import Callable
from io import BytesIO

import pytest
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.lib.units import cm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Frame, PageBreak, PageTemplate, Paragraph, Spacer, Table

from domain.knowledge import ChunkKind
from knowledge.chunk import Unit, split
from knowledge.load import read_pdf

BODY = getSampleStyleSheet()["BodyText"]
LONG_ANSWER = "Delivery takes three to five working days, and two more in December, because the carriers are busy then and we are too."


def units(content: bytes) -> list[Unit]:
    return split(read_pdf(content)[1])


def pairs(content: bytes) -> list[tuple[str, str]]:
    return [(unit.question or "", unit.text) for unit in units(content) if unit.kind is ChunkKind.QUESTION_ANSWER]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("Q: How long does delivery take?", f"A: {LONG_ANSWER}"), ("Q: My parcel is late", "A: Write to us.")),
        (("Q. How long does delivery take?", f"A. {LONG_ANSWER}"), ("Q. My parcel is late", "A. Write to us.")),
        (("P: How long does delivery take?", f"R: {LONG_ANSWER}"), ("P: My parcel is late", "R: Write to us.")),
        (("P1. How long does delivery take?", f"R1. {LONG_ANSWER}"), ("P2. My parcel is late", "R2. Write to us.")),
        (
            ("Question 1: How long does delivery take?", f"Answer 1: {LONG_ANSWER}"),
            ("Question 2: My parcel is late", "Answer 2: Write to us."),
        ),
        (
            ("Pregunta: How long does delivery take?", f"Respuesta: {LONG_ANSWER}"),
            ("Pregunta: My parcel is late", "Respuesta: Write to us."),
        ),
        (("**Q: How long does delivery take?**", f"A: {LONG_ANSWER}"), ("**Q: My parcel is late**", "A: Write to us.")),
    ],
)
def test_marked_pairs(pdf: Callable[..., bytes], first: tuple[str, str], second: tuple[str, str]) -> None:
    found = pairs(pdf("# Questions", *first, *second))
    assert found == [("How long does delivery take?", LONG_ANSWER), ("My parcel is late", "Write to us.")]


@pytest.mark.parametrize(
    "questions",
    [
        ("1. How long does delivery take?", "2. Do you ship abroad?"),
        ("1) How long does delivery take?", "2) Do you ship abroad?"),
        ("**How long does delivery take?**", "**Do you ship abroad?**"),
        ("How long does delivery take?", "Do you ship abroad?"),
        ("• How long does delivery take?", "• Do you ship abroad?"),
    ],
)
def test_pairs_without_markers(pdf: Callable[..., bytes], questions: tuple[str, str]) -> None:
    found = pairs(pdf("# Questions", questions[0], LONG_ANSWER, questions[1], "Yes, to Norway."))
    assert found == [("How long does delivery take?", LONG_ANSWER), ("Do you ship abroad?", "Yes, to Norway.")]


def test_spanish_questions_and_answers_on_one_line(pdf: Callable[..., bytes]) -> None:
    found = pairs(pdf("P: ¿Hacen envíos? R: Sí, a todo el país.", "P: ¿Tienen local? R: No."))
    assert found == [("¿Hacen envíos?", "Sí, a todo el país."), ("¿Tienen local?", "No.")]


def test_a_question_over_two_lines(pdf: Callable[..., bytes]) -> None:
    question = "What happens with my order if the carrier has tried to deliver it twice and nobody was at home to take it from him?"
    assert pairs(pdf(f"**{question}**", "It waits for ten days.", "**And then?**", "It comes back."))[0] == (
        question,
        "It waits for ten days.",
    )


def test_a_question_in_the_middle_of_running_text_is_no_pair(pdf: Callable[..., bytes]) -> None:
    assert (
        pairs(
            pdf("# About", "We often ask ourselves: who needs a bag that lasts for thirty years? Our customers do, as their letters say.")
        )
        == []
    )


def test_the_answer_ends_at_a_heading(pdf: Callable[..., bytes]) -> None:
    found = units(pdf("Q: Do you ship?", "A: Yes.", "# Returns", "Send it back within 30 days."))
    assert [(unit.question, unit.text, unit.heading) for unit in found] == [
        ("Do you ship?", "Yes.", ""),
        (None, "Send it back within 30 days.", "Returns"),
    ]


def test_an_answer_may_have_paragraphs_and_go_on_on_the_next_page(pdf: Callable[..., bytes]) -> None:
    found = units(pdf(Spacer(1, 22 * cm), "Q: Do you ship?", "A: Yes, we do.", PageBreak(), "But not on Sundays.", "Q: And you?", "A: No."))
    assert (found[0].text, found[0].page) == ("Yes, we do.\nBut not on Sundays.", 1)
    assert (found[1].text, found[1].page) == ("No.", 2)


def test_headings_are_kept_with_their_text(pdf: Callable[..., bytes]) -> None:
    (unit,) = units(pdf("# Shipping", "Parcels leave every day."))
    assert (unit.kind, unit.heading, unit.text) == (ChunkKind.TEXT, "Shipping", "Parcels leave every day.")


def test_long_text_is_cut_at_sentences(pdf: Callable[..., bytes]) -> None:
    sentences = [f"Rule number {number} says that bags of kind {number} are to be kept dry." for number in range(60)]
    found = units(pdf("# Rules", " ".join(sentences)))
    assert len(found) > 3
    assert all(unit.text.startswith("Rule") and unit.text.endswith("dry.") for unit in found)
    assert all(any(sentence in unit.text for unit in found) for sentence in sentences)


def test_a_table_becomes_rows_that_name_their_columns(pdf: Callable[..., bytes]) -> None:
    rows = [["Country", "Cost", "Days"], ["Spain", "4.90", "2-3"], ["France", "6.90", "3-5"]]
    found = units(pdf("# Delivery", "Prices in euros.", Table(rows, colWidths=4 * cm)))
    assert [(unit.kind, unit.heading, unit.text) for unit in found[1:]] == [
        (ChunkKind.TABLE, "Delivery", "Spain – Cost: 4.90; Days: 2-3"),
        (ChunkKind.TABLE, "Delivery", "France – Cost: 6.90; Days: 3-5"),
    ]


@pytest.mark.parametrize("place", ["TOP", "MIDDLE", "BOTTOM"])
def test_cells_of_several_lines_stay_in_their_row(pdf: Callable[..., bytes], place: str) -> None:
    def cell(text: str) -> Paragraph:
        return Paragraph(text, BODY)

    rows = [
        [cell("Destination"), cell("What it costs"), cell("Days")],
        [cell("The rest of England and Wales"), cell("45 pounds for bikes and trailers"), cell("3")],
        [cell("Scotland"), cell("65 pounds"), cell("8")],
    ]
    found = units(pdf("# Delivery", Table(rows, colWidths=[3 * cm, 3.4 * cm, 3 * cm], style=[("VALIGN", (0, 0), (-1, -1), place)])))
    assert [unit.text for unit in found] == [
        "The rest of England and Wales – What it costs: 45 pounds for bikes and trailers; Days: 3",
        "Scotland – What it costs: 65 pounds; Days: 8",
    ]


def test_questions_and_answers_in_a_table_are_pairs(pdf: Callable[..., bytes]) -> None:
    rows = [["Do you ship abroad?", "Yes, to Norway."], ["Where are you?", "In Porto."]]
    assert pairs(pdf(Table(rows, colWidths=6 * cm))) == [("Do you ship abroad?", "Yes, to Norway."), ("Where are you?", "In Porto.")]


def test_two_columns_are_read_one_after_the_other() -> None:
    target = BytesIO()
    document = BaseDocTemplate(target, pagesize=A4)
    frames = [Frame(2 * cm, 2 * cm, 8 * cm, 25 * cm), Frame(11 * cm, 2 * cm, 8 * cm, 25 * cm)]
    document.addPageTemplates([PageTemplate(frames=frames)])
    left = [f"Left {number} of the column has words enough for two lines of it." for number in range(36)]
    right = [f"Right {number} of the column has words enough for two lines of it." for number in range(20)]
    document.build([Paragraph(text, BODY) for text in (*left, *right)])
    text = " ".join(unit.text for unit in units(target.getvalue())).replace("\n", " ")
    positions = [text.index(one) for one in (*left, *right)]
    assert positions == sorted(positions)


def test_running_lines_and_page_numbers_are_dropped() -> None:
    target = BytesIO()
    canvas = Canvas(target, pagesize=A4)
    for number in range(1, 6):
        canvas.drawString(60, 810, f"Acme Ltd, confidential, edition {number}")
        for row in range(10):
            canvas.drawString(60, 700 - 14 * row, f"Sentence {row} of chapter {number} speaks of bags.")
        canvas.drawString(290, 30, f"Page {number} of 5")
        canvas.showPage()
    canvas.save()
    text = " ".join(unit.text for unit in units(target.getvalue()))
    assert "confidential" not in text
    assert "Page" not in text
    assert "Sentence 9 of chapter 5" in text


def test_broken_words_are_put_together() -> None:
    target = BytesIO()
    canvas = Canvas(target, pagesize=A4)
    for row, line in enumerate(("The guaran-", "tee holds for two  years, and a half-", "Year more with a  coupon.")):
        canvas.drawString(60, 700 - 14 * row, line)
    canvas.save()
    (unit,) = units(target.getvalue())
    assert unit.text == "The guarantee holds for two years, and a half- Year more with a coupon."


def test_three_hundred_pages_are_read_with_their_numbers() -> None:
    target = BytesIO()
    canvas = Canvas(target, pagesize=A4)
    for number in range(1, 301):
        for row in range(25):
            canvas.drawString(60, 760 - 14 * row, f"Article {number}-{row} costs {number + row} euros and is made of canvas.")
        canvas.showPage()
    canvas.save()
    pages, lines = read_pdf(target.getvalue())
    found = split(lines)
    assert pages == 300
    assert next(unit.page for unit in found if "Article 237-4 " in unit.text) in {236, 237}
    assert max(unit.page for unit in found) == 300
