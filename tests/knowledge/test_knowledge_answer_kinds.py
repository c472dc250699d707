"""What kind of thing is asked for, and whether a text holds one."""

import pytest

from knowledge.answer_kinds import kinds_asked, kinds_held


@pytest.mark.parametrize(
    ("question", "kind", "answer", "other"),
    [
        ("how much is a helmet", "price", "A helmet is £35.", "A helmet protects the head."),
        ("cuánto sale el envío a Rosario", "price", "El resto del país, $6.500.", "Enviamos por Andreani."),
        ("quanto custa o frete", "price", "A partir de R$ 14,90.", "Enviamos pelos Correios."),
        ("how long does delivery take", "duration", "Two to three days.", "By courier."),
        ("cuánto tarda en llegar", "duration", "De 4 a 8 días hábiles.", "Por correo."),
        ("qual o prazo de entrega", "duration", "De três a seis dias úteis.", "Pelos Correios."),
        ("a qué hora abren", "time", "De lunes a sábado.", "En el centro."),
        ("que horas fecha", "time", "Às 18h.", "No centro."),
        ("onde fica a loja", "place", "Rua Pernambuco, 1.022.", "Fecha às seis."),
        ("what is your phone number", "contact", "Ring 0117 496 0055.", "Ring us."),
        ("donde les escribo un correo", "contact", "hola@marea.example", "Por la web."),
        ("who led the repair", "person", "It was led by Edith Haworth.", "It took five months."),
        ("what year was it founded", "year", "It was founded in 1972.", "It was founded by a teacher."),
    ],
)
def test_a_text_that_holds_the_kind_is_told_from_one_that_does_not(question: str, kind: str, answer: str, other: str) -> None:
    assert kind in kinds_asked(question)
    assert kind in kinds_held(answer)
    assert kind not in kinds_held(other)


@pytest.mark.parametrize("question", ["do you sell kettles", "hola", "", "tem plus size?"])
def test_many_questions_ask_for_no_particular_kind(question: str) -> None:
    assert kinds_asked(question) == frozenset()
