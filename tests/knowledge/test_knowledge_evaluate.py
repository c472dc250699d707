"""`eval` offline, and what comes with the release."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from domain.caution import MEASURED_ON
from domain.errors import InvalidInput, NotFound
from domain.policy import DEFAULT_THRESHOLD
from knowledge.confidence import confidence_model
from knowledge.embed import sentence_encoder
from knowledge.evaluate import evaluate, read_questions
from knowledge.importing import import_document
from knowledge.index import KnowledgeIndex
from knowledge.signals import RANKING
from tests.knowledge.memory_documents import MemoryDocuments


@pytest.fixture
def content(pdf: Callable[..., bytes]) -> bytes:
    return pdf("Q: Do you ship abroad?", "A: Yes, to Norway.", "Q: Where are you?", "A: In Porto, 4 Harbour Road.")


@pytest.fixture
def shop(tmp_path: Path, content: bytes) -> Path:
    file = tmp_path / "shop.pdf"
    file.write_bytes(content)
    return file


def test_every_question_gets_a_line_and_its_best_reply(shop: Path, tmp_path: Path) -> None:
    questions, out = tmp_path / "q.jsonl", tmp_path / "out.jsonl"
    questions.write_text('{"id": "1", "question": "do you ship abroad", "lang": "en"}\n\n{"id": "2", "question": "who won the cup?"}\n')
    evaluate(shop, questions, out)
    first, second = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert (first["id"], first["answered"], first["text"], first["pages"]) == ("1", True, "Yes, to Norway.", [1])
    assert first["confidence"] >= DEFAULT_THRESHOLD
    assert first["passages"][0]["question"] == "Do you ship abroad?"
    assert (second["id"], second["answered"]) == ("2", False)
    assert set(first) == {"id", "answered", "confidence", "text", "pages", "passages"}


def test_a_wrong_line_is_named(tmp_path: Path) -> None:
    file = tmp_path / "q.jsonl"
    file.write_text('{"id": "1", "question": "a"}\n{"id": "2"}\n')
    with pytest.raises(InvalidInput, match=r"q\.jsonl, line 2"):
        read_questions(file)
    with pytest.raises(NotFound, match=r"no\.pdf"):
        evaluate(tmp_path / "no.pdf", file, tmp_path / "out")


def test_the_shipped_model_was_fitted_for_the_shipped_encoder() -> None:
    model = confidence_model()
    assert model.embedding_model == sentence_encoder().model_name
    assert model.ranking.signals == RANKING
    assert float(model.provenance["threshold_for_precision_0.95_left_out"]) == DEFAULT_THRESHOLD
    assert model.provenance["questions"] in MEASURED_ON
    assert model.provenance["fitted_on"]


async def test_llama_index_sees_the_same_passages(documents: MemoryDocuments, content: bytes) -> None:
    await import_document(documents, documents.add("d1", content))
    index = KnowledgeIndex(documents)
    nodes = (await index.retriever()).retrieve("do you ship abroad?")
    evidence = await index.search("do you ship abroad?", threshold=DEFAULT_THRESHOLD)
    assert nodes[0].node_id == evidence.passages[0].chunk_id
    assert nodes[0].node.metadata["page"] == 1


def test_a_model_for_other_vectors_is_refused_with_what_to_do(documents: MemoryDocuments) -> None:
    other = confidence_model().model_copy(update={"embedding_model": "another/1"})
    with pytest.raises(InvalidInput, match=r"another/1.*scripts\.fit_confidence --write"):
        KnowledgeIndex(documents, model=other)
