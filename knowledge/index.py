"""The published documents, looked up. Follows the published version by itself; the old one serves until the new one is built."""

import asyncio
import time
from collections.abc import Sequence

import numpy as np
import structlog

from domain.knowledge import Evidence
from domain.ports import DocumentStore
from knowledge.confidence import ConfidenceModel, confidence_model
from knowledge.corpus import Corpus, Floats, build_corpus
from knowledge.embed import SentenceEncoder, sentence_encoder
from knowledge.evidence import find_evidence
from knowledge.retrieve import PassageRetriever

log = structlog.get_logger()

_MOST_VECTORS = 8_192
"""Of questions and of words that the documents don't have, kept for their next time; 2 kB each."""
_MOST_FOUND = 512
"""Evidence kept for questions in the same words: greetings, offered questions, what everybody asks; about 10 kB each."""
_INLINE_UNITS = 4_000
"""Up to here a look-up takes less time than handing it to a thread and back is worth."""


class KnowledgeIndex:
    """Implements domain.ports.Retriever over the published documents."""

    def __init__(
        self,
        documents: DocumentStore,
        *,
        encoder: SentenceEncoder | None = None,
        model: ConfidenceModel | None = None,
        check_seconds: float = 0.5,
    ) -> None:
        """`check_seconds`: how often, at most, a search asks whether a newer version was published."""
        self._documents = documents
        self._encoder = encoder or sentence_encoder()
        self._model = (model or confidence_model()).fitted_for(self._encoder.model_name)
        self._check_seconds = check_seconds
        self._checked_at = float("-inf")
        self._corpus: Corpus | None = None
        self._rebuild: asyncio.Task[Corpus] | None = None
        self._vectors: dict[str, Floats] = {}
        self._found: dict[tuple[int, str, tuple[str, ...]], Evidence] = {}

    @property
    def version(self) -> int:
        """Of the documents that are searched now; 0 before the first search."""
        return self._corpus.version if self._corpus else 0

    async def search(self, question: str, *, threshold: float, documents: tuple[str, ...] = ()) -> Evidence:
        corpus = await self._current()
        if len(corpus.chunks) > _INLINE_UNITS:
            return await asyncio.to_thread(self._look_up, corpus, question, documents)
        return self._look_up(corpus, question, documents)

    def vectors(self, texts: Sequence[str]) -> Floats:
        """Of whole texts, one row for each; remembered like those of questions."""
        return self._remembered(texts)

    async def retriever(self) -> PassageRetriever:
        """LlamaIndex's view of the documents as they are published now."""
        return PassageRetriever(await self._current(), self._remembered)

    async def refresh(self) -> int:
        """Waits until the newest published version is searched, and returns it."""
        while self._corpus is None or await self._documents.version() != self._corpus.version:
            await self._building()
        return self.version

    async def follow(self) -> None:
        """Until cancelled: loads each newly published version, whether or not anybody asks. Raises what the store raises."""
        while True:
            await self.refresh()
            await asyncio.sleep(self._check_seconds)

    def _look_up(self, corpus: Corpus, question: str, documents: tuple[str, ...]) -> Evidence:
        key = (corpus.version, question, documents)
        evidence = self._found.get(key)
        if evidence is None:
            evidence = find_evidence(corpus, question, self._model, self._remembered, documents)
            if len(self._found) >= _MOST_FOUND:
                self._found.clear()
            self._found[key] = evidence
        return evidence

    def _remembered(self, texts: Sequence[str]) -> Floats:
        """Vectors of a question and its strange words: most were met before, the others are made in one go."""
        known = {text: self._vectors[text] for text in texts if text in self._vectors}
        fresh = [text for text in texts if text not in known]
        if fresh:
            known.update(zip(fresh, self._encoder.encode(fresh), strict=True))
            if len(self._vectors) + len(fresh) > _MOST_VECTORS:
                self._vectors.clear()
            self._vectors.update({text: known[text] for text in fresh})
        return np.stack([known[text] for text in texts])

    async def _current(self) -> Corpus:
        """The corpus to search. The first one is waited for; later ones are built beside the one that serves."""
        corpus = self._corpus
        if corpus is None:
            return await self._building()
        now = time.monotonic()
        if self._rebuild is None and now - self._checked_at >= self._check_seconds:
            self._checked_at = now
            if await self._documents.version() != corpus.version:
                self._begin()
        return self._corpus or corpus

    async def _building(self) -> Corpus:
        """Waits for the build that is under way. Who gives up waiting doesn't stop it: others want it too."""
        return await asyncio.shield(self._begin())

    def _begin(self) -> asyncio.Task[Corpus]:
        if self._rebuild is None:
            self._rebuild = asyncio.create_task(self._build())
            self._rebuild.add_done_callback(self._built)
        return self._rebuild

    def _built(self, task: asyncio.Task[Corpus]) -> None:
        self._rebuild = None
        if task.cancelled() or (error := task.exception()) is not None:
            log.warning("knowledge_not_loaded", error="cancelled" if task.cancelled() else type(error).__name__)
        else:
            self._corpus = task.result()

    async def _build(self) -> Corpus:
        started = time.monotonic()
        version, chunks, names = await self._documents.published()
        corpus = await asyncio.to_thread(
            build_corpus,
            version,
            chunks,
            names,
            embedding_model=self._encoder.model_name,
            encode=self._encoder.encode,
            is_word=self._encoder.is_word,
            previous=self._corpus,
        )
        for name in corpus.refused:
            log.warning("document_left_out", document=name, hint="embedded by another model: import it again")
        log.info("knowledge_loaded", version=version, units=len(corpus.chunks), seconds=round(time.monotonic() - started, 2))
        return corpus
