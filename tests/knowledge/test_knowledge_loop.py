"""From a PDF to an answer with its page, through the same steps as the product."""

from collections.abc import Callable

import pytest

from domain.policy import DEFAULT_THRESHOLD
from knowledge.importing import import_document
from knowledge.index import KnowledgeIndex
from tests.knowledge.memory_documents import MemoryDocuments

FAQ = [
    "# Common questions",
    "Q: How long does delivery take?",
    "A: Delivery takes three to five working days.",
    "Q: Do you ship abroad?",
    "A: We ship to Norway and Switzerland.",
    "Q: How do I return an item?",
    "A: Print the return label and hand the parcel in at any post office.",
]


@pytest.fixture
async def index(documents: MemoryDocuments, pdf: Callable[..., bytes]) -> KnowledgeIndex:
    await import_document(documents, documents.add("d1", pdf(*FAQ)))
    return KnowledgeIndex(documents, check_seconds=0)


async def test_a_stored_question_is_answered_word_for_word_with_its_page(index: KnowledgeIndex) -> None:
    evidence = await index.search("how long does delivery take", threshold=DEFAULT_THRESHOLD)
    assert evidence.draft is not None
    assert evidence.draft.text == "Delivery takes three to five working days."
    assert evidence.draft.citations[0].document == "shop.pdf"
    assert evidence.draft.citations[0].page == 1
    assert evidence.confidence >= DEFAULT_THRESHOLD
    assert evidence.knowledge_version == 1
