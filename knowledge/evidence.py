"""One question against one corpus: retrieval, signals, confidence, draft and suggestions in one pure step."""

import numpy as np
from numpy.typing import NDArray

from domain.knowledge import Evidence
from knowledge.compose import MAX_PASSAGES, extractive_draft, passages, suggestions
from knowledge.confidence import CERTAIN, ConfidenceModel, question_signals
from knowledge.corpus import Corpus, Encode
from knowledge.parts import parts_of
from knowledge.retrieve import rank
from knowledge.signals import candidates

_STRANGE = 0.2
"""Cosine below which a passage that shares no word and no concept with the question has nothing to do with it."""


def find_evidence(corpus: Corpus, question: str, model: ConfidenceModel, encode: Encode, documents: tuple[str, ...] = ()) -> Evidence:
    """What the documents say to a message. Of one that asks two things both are answered, and it is as sure as the less sure of them.

    A question that has nothing in common with the documents gets evidence without passages; with `documents`, file names, with these.
    """
    allowed = corpus.rows_of(documents) if documents else None
    whole = _find(corpus, question, model, encode, allowed)
    parts = parts_of(question)
    if not parts or whole.confidence >= CERTAIN:
        return whole
    first, second = (_find(corpus, part, model, encode, allowed) for part in parts)
    if not (first.draft and second.draft) or first.passages[0].chunk_id == second.passages[0].chunk_id:
        return whole
    return _both(first, second)


def _both(first: Evidence, second: Evidence) -> Evidence:
    passages = {passage.chunk_id: passage for pair in zip(first.passages, second.passages, strict=False) for passage in pair}
    drafts = [one.draft for one in (first, second) if one.draft]
    weaker = min(first, second, key=lambda one: one.confidence)
    return weaker.model_copy(
        update={
            "passages": tuple(passages.values())[:MAX_PASSAGES],
            "draft": drafts[0].model_copy(
                update={
                    "text": "\n\n".join(draft.text for draft in drafts),
                    "citations": tuple(citation for draft in drafts for citation in draft.citations),
                }
            ),
        }
    )


def _find(corpus: Corpus, question: str, model: ConfidenceModel, encode: Encode, allowed: NDArray[np.bool_] | None) -> Evidence:
    nothing = Evidence(knowledge_version=corpus.version, confidence_model=model.name)
    if not corpus.chunks or (allowed is not None and not allowed.any()):
        return nothing
    asked = corpus.speller.corrected(question)
    ranking = rank(corpus, asked, encode, allowed=allowed)
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
