"""Two questions in one message."""

from collections.abc import Callable

import pytest

from domain.policy import DEFAULT_THRESHOLD
from knowledge.evaluate import answer_of
from knowledge.importing import import_document
from knowledge.index import KnowledgeIndex
from knowledge.parts import parts_of
from tests.knowledge.memory_documents import MemoryDocuments


@pytest.mark.parametrize(
    ("message", "parts"),
    [
        ("how much is shipping and how long does the coffee stay fresh?", ("how much is shipping", "how long does the coffee stay fresh?")),
        ("hola! aceptan debito? y mandan a bariloche?", ("hola! aceptan debito", "y mandan a bariloche")),
        ("posso levar cachorro e tem garagem", ("posso levar cachorro", "tem garagem")),
        ("hi, how are you? do you ship to Chile?", ()),
        ("can I return and exchange?", ()),
        ("do you ship to Chile? I live in Chile", ()),
        ("price? size? colour?", ()),
        ("", ()),
        ("??", ()),
    ],
)
def test_what_is_cut_and_what_is_left_whole(message: str, parts: tuple[str, ...]) -> None:
    assert parts_of(message) == parts


@pytest.fixture
async def index(documents: MemoryDocuments, pdf: Callable[..., bytes]) -> KnowledgeIndex:
    text = [
        "Q: Do you ship abroad?",
        "A: We ship to Norway.",
        "Q: Do you lend bicycles?",
        "A: For an hour.",
        "Q: When do you open?",
        "A: At nine.",
    ]
    await import_document(documents, documents.add("d1", pdf(*text)))
    return KnowledgeIndex(documents)


async def test_both_are_answered_with_a_citation_each(index: KnowledgeIndex) -> None:
    asked = "do you lend bicycles and when do you open?"
    answer = answer_of(asked, await index.search(asked, threshold=DEFAULT_THRESHOLD), DEFAULT_THRESHOLD)
    assert answer.text == "For an hour.\n\nAt nine."
    assert [citation.quote for citation in answer.citations] == ["For an hour.", "At nine."]
    assert [passage.text for passage in answer.passages[:2]] == ["For an hour.", "At nine."]


async def test_neither_is_answered_where_one_is_not_certain(index: KnowledgeIndex) -> None:
    asked = "do you lend bicycles and how much is a wedding cake?"
    evidence = await index.search(asked, threshold=DEFAULT_THRESHOLD)
    assert not answer_of(asked, evidence, DEFAULT_THRESHOLD).answered
    sure = await index.search("do you lend bicycles?", threshold=DEFAULT_THRESHOLD)
    assert evidence.confidence < DEFAULT_THRESHOLD <= sure.confidence
