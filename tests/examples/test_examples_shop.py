"""The example shop is read by strangers, answered from by the demo and measured by `make eval`: it must be consistent."""

import io
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from examples.build_pdf import SOURCE, TARGET, Block, blocks, build

QUESTIONS = Path(TARGET).with_name("questions.jsonl")


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture(scope="module")
def pages() -> list[str]:
    return [flat(page.extract_text()) for page in PdfReader(TARGET).pages]


@pytest.fixture(scope="module")
def questions() -> list[dict[str, Any]]:
    return [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def source_blocks() -> list[Block]:
    return list(blocks(SOURCE.read_text(encoding="utf-8").partition("\n\n")[2]))


def test_the_committed_pdf_says_what_its_source_says(pages: list[str]) -> None:
    built = [flat(page.extract_text()) for page in PdfReader(io.BytesIO(build(SOURCE.read_text(encoding="utf-8")))).pages]
    assert built == pages, "Run: python -m examples.build_pdf"


def test_the_same_text_gives_the_same_bytes() -> None:
    source = SOURCE.read_text(encoding="utf-8")
    assert build(source) == build(source)


def test_it_has_the_size_of_a_real_handbook(pages: list[str], source_blocks: list[Block]) -> None:
    kinds = Counter(block.kind for block in source_blocks)
    assert len(pages) >= 8
    assert TARGET.stat().st_size < 300_000
    assert kinds["question"] == kinds["answer"] >= 40
    assert kinds["table"] >= 3


def test_everything_written_can_be_read_back_in_order(pages: list[str], source_blocks: list[Block]) -> None:
    text = " ".join(re.sub(r" Faro & Hilo · Customer handbook.*$", "", page) for page in pages)
    position = 0
    for block in source_blocks:
        for piece in (" ".join(row) for row in block.rows) if block.kind == "table" else [block.text]:
            if len(block.rows) and flat(piece) not in text:
                # A cell that is broken over two lines is read after its row's other cells.
                assert all(word in text for word in piece.split())
                continue
            found = text.find(flat(piece), position)
            assert found >= 0, piece
            position = found


def test_shipping_answers_agree_with_the_shipping_table(source_blocks: list[Block]) -> None:
    table = next(block.rows for block in source_blocks if block.rows and block.rows[0][0] == "Destination")
    row = {cells[0]: cells[1:] for cells in table}
    answers = " ".join(block.text for block in source_blocks if block.kind == "answer")
    for destination in ("Chile", "Rest of Brazil", "Rest of Argentina", "Buenos Aires, city and province"):
        days, price, free_from = row[destination]
        assert f"{days} working days" in answers
        assert price in answers
        assert free_from in answers


def test_a_third_of_the_questions_is_not_answered_by_the_handbook(questions: list[dict[str, Any]]) -> None:
    unanswerable = [question for question in questions if not question["answerable"]]
    assert len(questions) >= 80
    assert 0.3 <= len(unanswerable) / len(questions) <= 0.4
    assert 0.4 <= sum(question["kind"] == "near_miss" for question in unanswerable) / len(unanswerable) <= 0.6
    assert {question["lang"] for question in questions} == {"en", "es", "pt"}


def test_questions_are_told_apart_by_their_ids_and_their_words(questions: list[dict[str, Any]]) -> None:
    assert len({question["id"] for question in questions}) == len(questions)
    assert len({question["question"].casefold() for question in questions}) == len(questions)


def test_customers_do_not_quote_the_handbook(questions: list[dict[str, Any]], source_blocks: list[Block]) -> None:
    stored = {block.text.removeprefix("Q: ").casefold() for block in source_blocks if block.kind == "question"}
    assert not stored & {question["question"].casefold() for question in questions}


def test_every_gold_answer_stands_on_its_page(questions: list[dict[str, Any]], pages: list[str]) -> None:
    for question in questions:
        assert question["answerable"] == bool(question["gold_answers"]) == bool(question["gold_pages"]), question["id"]
        for answer in question["gold_answers"]:
            assert any(flat(answer) in pages[number - 1] for number in question["gold_pages"]), f"{question['id']}: {answer}"
