"""Grounded drafts by a language model: it answers sentence by sentence with quotes, and only what the checks let through is said."""

import time
from collections.abc import Sequence

import structlog

from assistant import prompting
from assistant.chain import ModelChain
from assistant.figures import figures
from assistant.injection import without_orders
from assistant.languages import LANGUAGES, base_of, language_of
from assistant.names import strange_names
from assistant.replies import GroundedReply, Outcome, SecondLook, Sentence, StandAlone, Verdict
from assistant.support import GRAVE, Flaw, flaw_of, in_another_language
from domain.drafting import Asked
from domain.knowledge import Citation, Draft, ModelUse, Passage, Reading, ReadingOutcome
from domain.messages import Message

log = structlog.get_logger()

BUDGET_SECONDS = 60.0
"""For one turn's calls together: a customer waits no longer for them."""
_MOST_PASSAGES = 5


class GroundedAssistant:
    """Implements domain.ports.Assistant over the configured models."""

    def __init__(self, chain: ModelChain, *, budget_seconds: float = BUDGET_SECONDS) -> None:
        self._chain = chain
        self._budget_seconds = budget_seconds

    async def close(self) -> None:
        await self._chain.close()

    async def stand_alone(self, question: str, turns: Sequence[Message]) -> tuple[str, ModelUse]:
        """The question with what it refers to. What the model adds of its own (a figure, a name) makes it the customer's words again."""
        prompt = prompting.stand_alone(question, tuple(turns))
        said, use = await self._chain.complete(prompt, StandAlone, seconds=self._budget_seconds / 3)
        rewritten = said.question.strip()
        spoken = " ".join([question, *(turn.text for turn in turns)])
        return (rewritten if rewritten and _adds_nothing(rewritten, spoken) else question), use

    async def read(self, asked: Asked) -> Reading:
        shown = prompting.within_bounds(tuple(_cleaned(passage) for passage in asked.passages[:_MOST_PASSAGES]))
        if not shown:
            return Reading(outcome=ReadingOutcome.NO_ANSWER, detail="No passage was found that could answer this")
        ends = time.monotonic() + self._budget_seconds
        language = _known_language(asked.language) or language_of(asked.question)
        reply, use = await self._chain.complete(prompting.grounded(asked, shown, language), GroundedReply, seconds=ends - time.monotonic())
        reading = self._checked(reply, asked, shown, language)
        reading = reading.model_copy(update={"prompt_version": prompting.GROUNDED, "use": use})
        if reading.draft is not None:
            draft = reading.draft.model_copy(update={"model": use.model})
            reading = reading.model_copy(update={"draft": draft})
            if asked.second_look:
                reading = await self._looked_at_twice(reading, draft, asked, shown, seconds=ends - time.monotonic())
        log.info("assistant_read", outcome=reading.outcome.value, detail=reading.detail, model=reading.use.model, ms=reading.use.latency_ms)
        return reading

    def _checked(self, reply: GroundedReply, asked: Asked, shown: tuple[Passage, ...], language: str | None) -> Reading:
        if reply.outcome is Outcome.NO_ANSWER or not reply.sentences:
            return Reading(outcome=ReadingOutcome.NO_ANSWER, detail="The language model found no answer in the passages")
        inbox_words = f"{asked.instructions}\n{asked.tone}"
        flaws = [flaw_of(sentence, shown, inbox_words) for sentence in reply.sentences]
        kept = [sentence for sentence, flaw in zip(reply.sentences, flaws, strict=True) if flaw is None]
        grave = next((flaw for flaw in flaws if flaw in GRAVE), None)
        text = " ".join(sentence.text.strip() for sentence in kept)
        if kept and in_another_language(text, language):
            grave = Flaw.LANGUAGE
        first = flaws[0]
        if grave or first or not kept:
            why = grave or first or Flaw.EMPTY
            return Reading(outcome=ReadingOutcome.UNSUPPORTED, detail=f"The language model's answer was refused: {why}")
        removed = [flaw for flaw in flaws if flaw is not None]
        draft = Draft(text=text, citations=_citations(kept, shown), model="", prompt_version=prompting.GROUNDED)
        left_out = f"{len(removed)} of {len(flaws)} sentences left out: {removed[0]}" if removed else ""
        return Reading(outcome=ReadingOutcome.ANSWERED, draft=draft, detail=left_out)

    async def _looked_at_twice(
        self, reading: Reading, draft: Draft, asked: Asked, shown: tuple[Passage, ...], *, seconds: float
    ) -> Reading:
        """Raises AssistantFailed: a draft that should be looked at twice is not sent after one look."""
        cited = {(citation.document_id, citation.page) for citation in draft.citations}
        quoted = tuple(passage for passage in shown if (passage.document_id, passage.page) in cited)
        prompt = prompting.second_look(asked.in_full or asked.question, draft.text, quoted)
        seen, use = await self._chain.complete(prompt, SecondLook, seconds=seconds)
        looked = reading.model_copy(update={"second_look": True, "use": reading.use.plus(use)})
        if seen.verdict is Verdict.SUPPORTED:
            return looked
        refused = {"outcome": ReadingOutcome.REFUTED, "draft": None, "detail": "The second look did not find the answer in the passages"}
        return looked.model_copy(update=refused)


def _cleaned(passage: Passage) -> Passage:
    """As it is shown to the model: without what speaks to a machine."""
    parts = {"text": without_orders(passage.text), "heading": without_orders(passage.heading)}
    return passage.model_copy(update={**parts, "question": without_orders(passage.question) if passage.question else None})


def _known_language(tag: str | None) -> str | None:
    base = base_of(tag)
    return base if base in LANGUAGES else None


def _citations(kept: Sequence[Sentence], shown: tuple[Passage, ...]) -> tuple[Citation, ...]:
    """One for each quote, in the order of the sentences."""
    found: dict[tuple[int, str], Citation] = {}
    for sentence in kept:
        passage, quote = shown[sentence.passage - 1], sentence.quote.strip()
        found.setdefault(
            (sentence.passage, quote),
            Citation(document=passage.document, page=passage.page, document_id=passage.document_id, quote=quote),
        )
    return tuple(found.values())


def _adds_nothing(rewritten: str, spoken: str) -> bool:
    return figures(rewritten, claimed=True) <= figures(spoken) and not strange_names(rewritten, spoken)
