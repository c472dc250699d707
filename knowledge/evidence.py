"""One question against one corpus: retrieval, signals, confidence, draft and suggestions in one pure step."""

from domain.knowledge import Evidence
from knowledge.compose import MAX_SUGGESTIONS, extractive_draft, passages
from knowledge.confidence import ConfidenceModel, signals_of
from knowledge.corpus import Corpus, Floats
from knowledge.retrieve import rank
from knowledge.signals import Candidate, candidates

_NEAR = 0.45
"""Cosine of two questions from which one is worth offering for the other."""


def find_evidence(corpus: Corpus, question: str, vector: Floats, model: ConfidenceModel) -> Evidence:
    """Never raises: a question that shares nothing with the documents gets evidence without passages."""
    ranking = rank(corpus, question, vector)
    found = candidates(corpus, question, ranking)
    if not found or not (ranking.words.known or max(one.cosine for one in found) >= _NEAR / 2):
        return Evidence(knowledge_version=corpus.version, confidence_model=model.name)
    signals = signals_of(found, known=ranking.words.known, words=ranking.words.words)
    return Evidence(
        passages=passages(corpus, found),
        confidence=round(model.probability(signals), 4),
        signals={name: round(value, 4) for name, value in signals.items()},
        draft=extractive_draft(corpus, found[0].row, ranking),
        suggestions=_suggestions(corpus, found),
        knowledge_version=corpus.version,
        confidence_model=model.name,
    )


def _suggestions(corpus: Corpus, found: list[Candidate]) -> tuple[str, ...]:
    near = [one for one in found if one.pair and max(one.title, one.cosine) >= _NEAR]
    return tuple(question for one in near[:MAX_SUGGESTIONS] if (question := corpus.chunks[one.row].question))
