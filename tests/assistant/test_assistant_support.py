"""What a sentence says must stand in its quote: every kind of claim is looked up, in code."""

import pytest

from assistant.figures import figures, units
from assistant.names import strange_names
from assistant.promises import promises
from assistant.replies import Sentence
from assistant.support import Flaw, flaw_of, is_quoted
from domain.knowledge import Passage
from tests.assistant.shop import PASSAGES, QUOTE

WARRANTY = "Two years from the day of purchase."
CONTACT = "Write to hello@faro.example or call +598 4522 0147."


def flaw(text: str, quote: str = QUOTE, passage: int = 1, inbox_words: str = "") -> Flaw | None:
    return flaw_of(Sentence(passage=passage, quote=quote, text=text), PASSAGES, inbox_words)


@pytest.mark.parametrize(
    ("text", "quote", "passage"),
    [
        ("Yes, we ship to Chile in 5 to 8 working days.", QUOTE, 1),
        ("Yes.", QUOTE, 1),
        ("Sí, a Chile tarda de 5 a 8 días hábiles y cuesta 18 dólares.", QUOTE, 1),
        ("Sim, para o Chile leva de 5 a 8 dias úteis e custa 18 dólares.", QUOTE, 1),
        ("Ja, nach Chile dauert es 5 bis 8 Werktage und kostet 18 Dollar.", QUOTE, 1),
        ("It costs $18.00 to Chile.", QUOTE, 1),
        ("The warranty is 2 years.", WARRANTY, 3),
        ("La garantía es de dos años desde el día de la compra.", WARRANTY, 3),
        ("You can write to hello@faro.example or call +598 4522-0147.", CONTACT, 2),
    ],
)
def test_what_its_quote_says_may_be_said(text: str, quote: str, passage: int) -> None:
    assert flaw(text, quote, passage) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", Flaw.EMPTY),
        ("Yes, in 9 to 12 working days.", Flaw.FIGURE),
        ("Yes, in five to ten working days.", Flaw.FIGURE),
        ("Yes, in 5 to 8 weeks.", Flaw.FIGURE),
        ("Yes, parcels to Chile cost 18 euros.", Flaw.FIGURE),
        ("Parcels to Chile cost 18% of the price.", Flaw.FIGURE),
        ("Yes, parcels to Peru take 5 to 8 working days.", Flaw.NAME),
        ("Brazil takes 5 to 8 working days.", Flaw.NAME),
        ("Sí, a Perú tarda de 5 a 8 días hábiles.", Flaw.NAME),
        ("Yes, with DHL in 5 to 8 working days.", Flaw.NAME),
        ("Yes, parcels leave on Monday.", Flaw.NAME),
        ("Pay at https://evil.example/pay.", Flaw.CONTACT),
        ("Pay at evil-shop.com.", Flaw.CONTACT),
        ("Write to boss@evil.example.", Flaw.CONTACT),
        ("Call +1 900 555 0199.", Flaw.CONTACT),
        ("Message @evilshop on Telegram.", Flaw.CONTACT),
        ("I have sent your parcel to Chile.", Flaw.PROMISE),
        ("Everything is completely free today.", Flaw.WORDS),
        ("Congratulations, winner of our great lottery.", Flaw.WORDS),
    ],
)
def test_what_its_quote_does_not_say_is_told_apart(text: str, found: Flaw) -> None:
    assert flaw(text) is found


def test_a_quote_belongs_to_its_own_passage() -> None:
    assert flaw("Yes, in 5 to 8 working days.", QUOTE, 2) is Flaw.QUOTE
    assert flaw("Yes, in 5 to 8 working days.", QUOTE, 7) is Flaw.NO_PASSAGE


@pytest.mark.parametrize(
    "quote",
    [
        "parcels to  Chile\ntake 5 to 8 working days",
        "“Parcels to Chile take 5 to 8 working days”",
        "Parcels to Chile ... cost 18 dollars",
        "Yes.",
        "Do you ship to Chile?",
    ],
)
def test_case_spaces_and_marks_of_a_quote_do_not_matter(quote: str) -> None:
    assert is_quoted(quote, PASSAGES[0])


@pytest.mark.parametrize(
    "quote", ["", "...", "to", "Chile", "cels to Chile take", "Parcels to Chile are free.", "cost 18 dollars ... Parcels to Chile"]
)
def test_a_few_letters_or_made_up_words_are_no_quote(quote: str) -> None:
    assert not is_quoted(quote, PASSAGES[0])


def test_what_the_owner_wrote_into_the_inbox_may_be_said() -> None:
    assert flaw("For Chile see https://faro.example/chile.") is Flaw.CONTACT
    assert flaw("For Chile see https://faro.example/chile.", inbox_words="For Chile name https://faro.example/chile.") is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1.500,00 € and 1,500.00", {"1500"}),
        ("18.50 or 18,5", {"18.5"}),
        ("two years, dos años, zwei Jahre", {"2"}),
        ("open 24/7 until 12:30", {"24", "7", "12", "30"}),
        ("from 9:00 to 18h00", {"9", "18"}),
    ],
)
def test_figures_are_the_same_in_every_notation(text: str, found: set[str]) -> None:
    assert figures(text) == found


def test_units_are_the_same_in_every_language() -> None:
    assert units("18 dólares, 3 semanas") == units("US$ 18, 3 weeks") == {"dollar", "week"}


def test_ordinary_words_are_no_units() -> None:
    assert units("Bring an ID with the tag to a real person, e.g. in the shop.") == frozenset()


def test_a_missing_space_makes_no_link() -> None:
    assert flaw("Parcels take 5 to 8 working days.Parcels cost 18 dollars.") is None


@pytest.mark.parametrize(
    ("sentence", "given"),
    [
        ("We ship to the United States.", "Enviamos a Estados Unidos."),
        ("Abrimos de lunes a viernes.", "We open Monday to Friday."),
        ("Closed in December.", "Cerrado en diciembre."),
        ("Chilean customers pay more.", "Customers from Chile pay more."),
        ("You can pay with PayPal.", "We take PayPal."),
    ],
)
def test_names_are_known_in_other_languages_and_forms(sentence: str, given: str) -> None:
    assert strange_names(sentence, given) == set()


DEEDS = [
    "I have refunded your order.",
    "I've cancelled it for you.",
    "I'll send you a new one.",
    "I will check with the warehouse.",
    "We have cancelled your order.",
    "We'll send you a replacement today.",
    "Your refund has been issued.",
    "Your order has now been cancelled.",
    "Let me check that for you.",
    "He cancelado tu pedido.",
    "Te enviaré otro.",
    "Voy a reembolsar tu compra.",
    "Tu pedido ha sido cancelado.",
    "Su reembolso fue procesado.",
    "Hemos enviado un nuevo paquete.",
    "Vou enviar outro para você.",
    "Já cancelei o seu pedido.",
    "Seu reembolso foi processado.",
    "Enviaremos um novo produto.",
    "Je vais annuler votre commande.",
    "Ich habe Ihre Bestellung storniert.",
    "Ho annullato il tuo ordine.",
]


@pytest.mark.parametrize("sentence", DEEDS)
def test_deeds_are_heard_in_six_languages(sentence: str) -> None:
    assert promises(sentence, "Parcels take five days.")


@pytest.mark.parametrize(
    ("sentence", "stated"),
    [
        ("We will refund you within 14 days.", "We refund you within 14 days of the return."),
        ("Devolveremos el importe en 14 días.", "Devolvemos el importe en 14 días."),
        ("You get a link once your order has been shipped.", "A link is sent once the order is shipped."),
        ("Recibirás un enlace cuando tu pedido haya sido enviado.", "Enviamos un enlace."),
        ("You can return it within 30 days.", "Returns within 30 days."),
        ("Orders are sent within two days.", "Orders are sent within two days."),
        ("O pedido é enviado em dois dias.", "O pedido é enviado em dois dias."),
        ("Puedes devolverlo en 30 días.", "Puedes devolverlo en 30 días."),
    ],
)
def test_what_the_business_does_in_general_is_no_deed(sentence: str, stated: str) -> None:
    assert not promises(sentence, stated)


def test_a_passage_without_question_or_heading_is_enough() -> None:
    bare = Passage.model_validate({**PASSAGES[0].model_dump(), "question": None, "heading": ""})
    sentence = Sentence(passage=1, quote=QUOTE, text="Parcels to Chile take 5 to 8 working days.")
    assert flaw_of(sentence, (bare,), "") is None
