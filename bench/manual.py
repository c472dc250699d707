"""PDFs of any length, written for the measurement: headings, running text and some questions with answers, always the same."""

import random
from collections.abc import Iterator
from io import BytesIO

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

_SENTENCES_A_PAGE = 22
_SUBJECTS = [
    "parcel",
    "order",
    "refund",
    "bag",
    "strap",
    "zip",
    "receipt",
    "voucher",
    "invoice",
    "courier",
    "address",
    "repair",
    "label",
    "card",
    "account",
    "discount",
    "delivery",
    "return",
]
_VERBS = [
    "leaves",
    "reaches",
    "covers",
    "needs",
    "replaces",
    "holds",
    "includes",
    "follows",
    "changes",
    "closes",
    "opens",
    "brings",
    "keeps",
    "loses",
    "shows",
    "asks",
]
_PLACES = [
    "Lisbon",
    "Porto",
    "Braga",
    "Faro",
    "Evora",
    "Aveiro",
    "Coimbra",
    "Setubal",
    "Guarda",
    "Viseu",
    "Leiria",
    "Beja",
    "Tomar",
    "Sintra",
    "Lagos",
    "Funchal",
]
_KINDS = [
    "blue",
    "green",
    "large",
    "small",
    "damaged",
    "late",
    "early",
    "printed",
    "folded",
    "waxed",
    "stamped",
    "sealed",
    "spare",
    "second",
    "final",
    "open",
]


def manual(pages: int, *, seed: int) -> bytes:
    """A PDF. The same numbers give the same text."""
    draw = random.Random(seed)  # noqa: S311 # words, not secrets
    target = BytesIO()
    canvas = Canvas(target, pagesize=A4, invariant=1)
    for page in range(1, pages + 1):
        top = canvas.beginText(60, 780)
        top.setFont("Helvetica-Bold", 14)
        top.textLine(f"{page}. About the {draw.choice(_KINDS)} {draw.choice(_SUBJECTS)} in {draw.choice(_PLACES)}")
        top.setFont("Helvetica", 10)
        for number in range(_SENTENCES_A_PAGE):
            if number % 8 == 0:
                top.textLine("")
            top.textLine(_sentence(draw))
        canvas.drawText(top)
        canvas.showPage()
    canvas.save()
    return target.getvalue()


def questions(*, seed: int) -> Iterator[str]:
    """Endlessly, in the manual's words and some of its readers'."""
    draw = random.Random(seed)  # noqa: S311 # words, not secrets
    while True:
        subject, kind, place = draw.choice(_SUBJECTS), draw.choice(_KINDS), draw.choice(_PLACES)
        yield draw.choice(
            (
                f"When does the {kind} {subject} reach {place}?",
                f"what happens if my {subject} is {kind}",
                f"How many days does a {subject} to {place} need, and what does it cost?",
                f"i lost the {kind} {subject}, can you help me",
            )
        )


def _sentence(draw: random.Random) -> str:
    return (
        f"The {draw.choice(_KINDS)} {draw.choice(_SUBJECTS)} {draw.choice(_VERBS)} the {draw.choice(_KINDS)} {draw.choice(_SUBJECTS)} "
        f"in {draw.choice(_PLACES)} within {draw.randint(2, 90)} days."
    )
