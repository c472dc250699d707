"""From a PDF to an answer with its page, through the same steps as the product."""

import asyncio
from collections.abc import Callable

import pytest

from domain.errors import UnreadableDocument
from domain.knowledge import DocumentState
from domain.policy import DEFAULT_THRESHOLD
from knowledge.evaluate import answer_of
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
    "Q: Can I change my delivery address?",
    "A: Until the parcel has left our warehouse.",
]
TRIALS = ["Q: Do you lend bicycles?", "A: For an hour, with an identity card.", "Q: How many gears are there?", "A: Eight."]


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


@pytest.mark.parametrize(
    "question", ["hi! how long does delivery take please?", "HOW LONG DOES DELIVERY TAKE", "¿how long does delivery take?"]
)
async def test_politeness_and_punctuation_change_nothing(index: KnowledgeIndex, question: str) -> None:
    evidence = await index.search(question, threshold=DEFAULT_THRESHOLD)
    assert answer_of(question, evidence, DEFAULT_THRESHOLD).text == "Delivery takes three to five working days."


async def test_a_spanish_question_finds_the_english_answer(index: KnowledgeIndex) -> None:
    evidence = await index.search("¿cuánto tarda la entrega?", threshold=DEFAULT_THRESHOLD)
    assert evidence.draft is not None
    assert evidence.draft.text == "Delivery takes three to five working days."


@pytest.mark.parametrize("question", ["who won the match last night", "hola", "do you sell hiking boots", "ok thanks", "", "🙂", "?"])
async def test_what_the_document_does_not_hold_is_not_answered(index: KnowledgeIndex, question: str) -> None:
    evidence = await index.search(question, threshold=DEFAULT_THRESHOLD)
    answer = answer_of(question, evidence, DEFAULT_THRESHOLD)
    assert not answer.answered
    assert answer.text is None


async def test_a_question_that_shares_nothing_with_the_documents_brings_no_passages(index: KnowledgeIndex) -> None:
    assert (await index.search("xqz wvut", threshold=DEFAULT_THRESHOLD)).passages == ()


async def test_no_documents_no_passages(documents: MemoryDocuments) -> None:
    evidence = await KnowledgeIndex(documents).search("do you ship abroad?", threshold=DEFAULT_THRESHOLD)
    assert (evidence.passages, evidence.draft, evidence.confidence) == ((), None, 0.0)


async def test_near_questions_are_suggested_best_first(index: KnowledgeIndex) -> None:
    evidence = await index.search("delivery", threshold=DEFAULT_THRESHOLD)
    assert set(evidence.suggestions[:2]) == {"How long does delivery take?", "Can I change my delivery address?"}
    assert "Do you ship abroad?" not in evidence.suggestions[:2]
    assert (await index.search("who is the mayor of paris", threshold=DEFAULT_THRESHOLD)).suggestions == ()


async def test_a_threshold_of_one_never_answers(index: KnowledgeIndex) -> None:
    evidence = await index.search("How long does delivery take?", threshold=1)
    assert not answer_of("How long does delivery take?", evidence, 1).answered


async def test_a_newly_published_document_is_found_without_a_restart(
    index: KnowledgeIndex, documents: MemoryDocuments, pdf: Callable[..., bytes]
) -> None:
    await index.search("do you lend bicycles?", threshold=DEFAULT_THRESHOLD)
    await import_document(documents, documents.add("d2", pdf(*TRIALS), name="bikes.pdf"))
    assert await index.refresh() == 2
    evidence = await index.search("do you lend bicycles?", threshold=DEFAULT_THRESHOLD)
    assert evidence.draft is not None
    assert evidence.draft.citations[0].document == "bikes.pdf"


async def test_the_old_version_serves_while_the_new_one_is_built(
    index: KnowledgeIndex, documents: MemoryDocuments, pdf: Callable[..., bytes]
) -> None:
    await index.search("do you ship abroad?", threshold=DEFAULT_THRESHOLD)
    await import_document(documents, documents.add("d2", pdf(*TRIALS)))
    evidence = await index.search("do you ship abroad?", threshold=DEFAULT_THRESHOLD)
    assert (evidence.knowledge_version, evidence.confidence >= DEFAULT_THRESHOLD) == (1, True)


async def test_searching_goes_on_until_the_new_version_is_there(
    index: KnowledgeIndex, documents: MemoryDocuments, pdf: Callable[..., bytes]
) -> None:
    await index.search("do you ship abroad?", threshold=DEFAULT_THRESHOLD)
    await import_document(documents, documents.add("d2", pdf(*TRIALS)))
    versions: list[int] = []
    async with asyncio.timeout(20):
        while not versions or versions[-1] != 2:
            versions.append((await index.search("do you ship abroad?", threshold=DEFAULT_THRESHOLD)).knowledge_version)
            await asyncio.sleep(0.01)
    assert versions[0] == 1
    assert versions == sorted(versions)


async def test_the_version_is_not_asked_for_on_every_question(documents: MemoryDocuments, pdf: Callable[..., bytes]) -> None:
    await import_document(documents, documents.add("d1", pdf(*FAQ)))
    index = KnowledgeIndex(documents, check_seconds=3600)
    for _ in range(20):
        await index.search("do you ship abroad?", threshold=DEFAULT_THRESHOLD)
    assert documents.asked_for_version <= 1


async def test_importing_twice_gives_the_same_chunks(documents: MemoryDocuments, pdf: Callable[..., bytes]) -> None:
    documents.add("d1", pdf(*FAQ))
    await import_document(documents, "d1")
    first = documents.chunks["d1"]
    await import_document(documents, "d1")
    assert documents.chunks["d1"] == first


async def test_progress_is_told_and_only_grows(documents: MemoryDocuments, pdf: Callable[..., bytes]) -> None:
    heard: list[tuple[str, float]] = []
    documents.add("d1", pdf(*[line for number in range(60) for line in (f"Q: What is article {number}?", f"A: A bag, {number}.")]))
    await import_document(documents, "d1", progress=lambda step, share: heard.append((step, share)))
    shares = [share for _, share in heard]
    assert shares == sorted(shares)
    assert len(shares) >= 4
    assert heard == documents.steps
    assert documents.documents["d1"].state is DocumentState.READY


async def test_an_unreadable_document_is_marked_failed_with_its_reason(documents: MemoryDocuments) -> None:
    documents.add("d1", b"hello")
    with pytest.raises(UnreadableDocument, match="not a PDF"):
        await import_document(documents, "d1")
    failed = documents.documents["d1"]
    assert failed.state is DocumentState.FAILED
    assert failed.error is not None
    assert "Export the document as PDF" in failed.error


async def test_chunks_of_another_embedding_model_are_left_out(index: KnowledgeIndex, documents: MemoryDocuments) -> None:
    documents.chunks["d1"] = tuple(chunk.model_copy(update={"embedding_model": "other/1"}) for chunk in documents.chunks["d1"])
    assert (await index.search("do you ship abroad?", threshold=DEFAULT_THRESHOLD)).passages == ()


async def test_a_followed_index_loads_what_is_published_before_anybody_asks(
    index: KnowledgeIndex, documents: MemoryDocuments, pdf: Callable[..., bytes]
) -> None:
    await index.refresh()
    following = asyncio.create_task(index.follow())
    await import_document(documents, documents.add("d2", pdf(*TRIALS), name="trial.pdf"))
    async with asyncio.timeout(20):
        while index.version != 2:
            await asyncio.sleep(0.01)
    following.cancel()


async def test_an_inbox_may_answer_from_some_of_the_documents_only(documents: MemoryDocuments, pdf: Callable[..., bytes]) -> None:
    await import_document(documents, documents.add("d1", pdf(*FAQ), "shop.pdf"))
    await import_document(documents, documents.add("d2", pdf("# Trials", *TRIALS), "trials.pdf"))
    index = KnowledgeIndex(documents, check_seconds=0)
    question = "Do you ship abroad?"
    everything = await index.search(question, threshold=DEFAULT_THRESHOLD)
    shop = await index.search(question, threshold=DEFAULT_THRESHOLD, documents=("shop.pdf",))
    trials = await index.search(question, threshold=DEFAULT_THRESHOLD, documents=("trials.pdf",))
    assert everything.passages[0].document == shop.passages[0].document == "shop.pdf"
    assert shop.confidence >= DEFAULT_THRESHOLD > trials.confidence
    assert {passage.document for passage in trials.passages} <= {"trials.pdf"}
    assert set(trials.suggestions) <= {"Do you lend bicycles?", "How many gears are there?"}
    assert (await index.search(question, threshold=DEFAULT_THRESHOLD, documents=("gone.pdf",))).passages == ()
