"""Languages, sentences, concepts and spelling."""

from pathlib import Path

import pytest

from knowledge.concepts import concepts_of
from knowledge.embed import sentence_encoder
from knowledge.spelling import Speller
from knowledge.words import detect_language, question_words, sentences, stems


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("How long does it take until my order arrives?", "en"),
        ("¿Cuánto tarda en llegar mi pedido?", "es"),
        ("Quanto tempo demora para chegar o meu pedido?", "pt"),
        ("Combien de temps faut-il pour la livraison ?", "fr"),
        ("Wie lange dauert es, bis meine Bestellung da ist?", "de"),
        ("Quanto tempo ci vuole per la consegna del mio ordine?", "it"),
        ("xyz", "pt"),
    ],
)
def test_the_language_of_a_text(text: str, language: str) -> None:
    assert detect_language(text, default="pt") == language


def test_abbreviations_and_numbers_end_no_sentence() -> None:
    text = "Write to Mr. Smith, approx. 3.5 km away. We open at 9 a.m. Then we close! ¿Y después? Nada."
    assert sentences(text) == ("Write to Mr. Smith, approx. 3.5 km away.", "We open at 9 a.m.", "Then we close!", "¿Y después?", "Nada.")


def test_greetings_are_not_what_a_question_is_about() -> None:
    assert question_words("Hi! Please can you tell me the price of the bag, thanks", "en") == ["price", "bag"]
    assert question_words("hola buenas, quiero saber el precio", "es") == ["precio"]


def test_forms_of_a_word_share_a_stem() -> None:
    assert stems("shipping ships shipped", "en") == ["ship", "ship", "ship"]
    assert stems("envíos envío", "es") == stems("envios envio", "es")


@pytest.mark.parametrize(
    ("question", "concept"),
    [
        ("cadê meu pedido", "track"),
        ("I want my money back", "refund"),
        ("¿me devolvéis el dinero?", "refund"),
        ("quanto custa?", "price"),
        ("how much is it", "price"),
        ("posso parcelar?", "instalments"),
        ("my e-mail is wrong", "contact"),
    ],
)
def test_words_of_several_languages_name_one_concept(question: str, concept: str) -> None:
    assert concept in concepts_of(question)


def test_a_word_is_not_found_inside_another() -> None:
    assert "pay" not in concepts_of("the paysage was late")
    assert "animal" not in concepts_of("a category of bags")


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("how long does delivry take", "how long does delivery take"),
        ("waranty of the matress", "warranty of the mattress"),
        ("can i pay by debitcard", "can i pay by debit card"),
        ("do you have curtains", "do you have curtains"),
        ("i want a bike", "i want a bike"),
        ("quiero una factura", "quiero una factura"),
        ("order 98x7 to XKCD", "order 98x7 to XKCD"),
    ],
)
def test_misspelt_words_are_set_right_and_others_left_alone(asked: str, meant: str) -> None:
    vocabulary = ["delivery", "warranty", "mattress", "debit", "card", "bake", "certain", "fractura", "take"]
    assert Speller(vocabulary, sentence_encoder().is_word).corrected(asked) == meant


def test_every_concept_has_words_of_three_languages() -> None:
    lines = Path("knowledge/concepts.toml").read_text(encoding="utf-8").splitlines()
    assert all(line.count(",") >= 2 for line in lines if "=" in line)
