"""One question against one corpus: retrieval, signals, confidence, draft and suggestions in one pure step."""

from domain.knowledge import Evidence
from knowledge.compose import extractive_draft, passages, suggestions
from knowledge.confidence import ConfidenceModel, question_signals
from knowledge.corpus import Corpus, Encode
from knowledge.retrieve import rank
from knowledge.signals import candidates

_STRANGE = 0.2
"""Cosine below which a passage that shares no word and no concept with the question has nothing to do with it."""


def find_evidence(corpus: Corpus, question: str, model: ConfidenceModel, encode: Encode) -> Evidence:
    """A question that has nothing in common with the documents gets evidence without passages."""
    nothing = Evidence(knowledge_version=corpus.version, confidence_model=model.name)
    if not corpus.chunks:
        return nothing
    asked = corpus.speller.corrected(question)
    ranking = rank(corpus, asked, encode)
    found = model.order(candidates(corpus, asked, ranking))
    if not ranking.words.known and not any(one.signals["cosine"] >= _STRANGE or one.signals["concepts_text"] > 0 for one in found):
        return nothing
    signals = question_signals(found, known=ranking.words.known, words=len(ranking.words.words))
    return Evidence(
        passages=passages(corpus, found),
        confidence=round(model.probability(signals), 4),
        signals={name: round(value, 4) for name, value in signals.items()},
        draft=extractive_draft(corpus, found[0].row, ranking),
        suggestions=suggestions(corpus, found),
        knowledge_version=corpus.version,
        confidence_model=model.name,
    )
