"""What a document says twice, once in a table and once in words, is no reason to doubt."""

from domain.knowledge import ChunkKind
from domain.policy import DEFAULT_THRESHOLD
from knowledge.importing import import_document
from knowledge.index import KnowledgeIndex
from knowledge.signals import Candidate
from tests.eval.evaluation import HELD_OUT
from tests.knowledge.memory_documents import MemoryDocuments

EXAMPLE = HELD_OUT.parents[2] / "examples" / "shop.pdf"


async def test_the_sentence_is_sent_and_not_the_row_that_says_the_same(documents: MemoryDocuments) -> None:
    await import_document(documents, documents.add("d1", EXAMPLE.read_bytes()))
    index = KnowledgeIndex(documents)
    evidence = await index.search("Do you ship to Chile?", threshold=DEFAULT_THRESHOLD)
    assert evidence.draft is not None
    assert evidence.draft.text.startswith("Parcels to Chile take 5 to 8 working days")
    assert evidence.passages[0].kind is ChunkKind.QUESTION_ANSWER
    assert evidence.confidence >= DEFAULT_THRESHOLD
    row = await index.search("shipping to mexico how much", threshold=DEFAULT_THRESHOLD)
    assert row.passages[0].kind is ChunkKind.TABLE, "a row that nothing repeats is sent itself"


def test_two_texts_agree_by_their_numbers() -> None:
    def candidate(*figures: str) -> Candidate:
        return Candidate(0, {}, frozenset(figures))

    assert candidate("5", "8", "18", "200").agrees_with(candidate("5", "8", "18"))
    assert not candidate("5", "8").agrees_with(candidate("5", "8"))
    assert not candidate("5", "8", "18").agrees_with(candidate("7", "12", "26"))
    assert not candidate().agrees_with(candidate())
