"""The published documents, looked up. Follows the published version by itself; the old one serves until the new one is built."""

import asyncio
import time
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import structlog
from llama_index.core.base.embeddings.base import BaseEmbedding

from domain.errors import InvalidInput
from domain.knowledge import Evidence
from domain.ports import DocumentStore
from knowledge.confidence import ConfidenceModel, confidence_model
from knowledge.corpus import Corpus, Floats, build_corpus
from knowledge.embed import SentenceEncoder, sentence_encoder
from knowledge.evidence import find_evidence

log = structlog.get_logger()

_CACHED_VECTORS = 8_192
"""Of questions and of words that the documents don't have; 2 kB each."""
_INLINE_UNITS = 4_000
"""Up to here a look-up takes less time than handing it to a thread and back is worth."""


class KnowledgeIndex:
    """Implements domain.ports.Retriever over the published documents."""

    def __init__(
        self,
        documents: DocumentStore,
        *,
        encoder: BaseEmbedding | None = None,
        model: ConfidenceModel | None = None,
        check_seconds: float = 0.5,
    ) -> None:
        """`check_seconds`: how often, at most, a search asks whether a newer version was published."""
        self._documents = documents
        self._encoder = encoder or sentence_encoder()
        self._model = model or confidence_model()
        self._check_seconds = check_seconds
        self._checked_at = float("-inf")
        self._corpus: Corpus | None = None
        self._rebuild: asyncio.Task[Corpus] | None = None
        self._vector = lru_cache(maxsize=_CACHED_VECTORS)(self._embed)

    @property
    def version(self) -> int:
        """Of the documents that are searched now; 0 before the first search."""
        return self._corpus.version if self._corpus else 0

    async def search(self, question: str, *, threshold: float) -> Evidence:
        corpus = await self._current()
        if len(corpus.chunks) > _INLINE_UNITS:
            return await asyncio.to_thread(self._look_up, corpus, question)
        return self._look_up(corpus, question)

    async def refresh(self) -> int:
        """Waits until the newest published version is searched, and returns it."""
        if await self._documents.version() != self.version or self._corpus is None:
            self._corpus = await self._build()
        return self.version

    def _look_up(self, corpus: Corpus, question: str) -> Evidence:
        return find_evidence(corpus, question, self._vector(question), self._model, self._word_vectors)

    def _embed(self, text: str) -> Floats:
        vector: Floats = self._encode([text])[0]
        return vector

    def _word_vectors(self, words: Sequence[str]) -> Floats:
        return np.stack([self._vector(word) for word in words])

    def _encode(self, texts: Sequence[str]) -> Floats:
        if isinstance(self._encoder, SentenceEncoder):
            return self._encoder.encode(texts)
        return np.asarray(self._encoder.get_text_embedding_batch(list(texts)), np.float32)

    async def _current(self) -> Corpus:
        """The corpus to search. The first one is waited for; later ones are built beside the one that serves."""
        now = time.monotonic()
        if self._rebuild is not None and self._rebuild.done():
            self._corpus, self._rebuild = self._take(self._rebuild), None
        if self._rebuild is None and now - self._checked_at >= self._check_seconds:
            self._checked_at = now
            if self._corpus is None or await self._documents.version() != self._corpus.version:
                self._rebuild = self._rebuild or asyncio.create_task(self._build())
        if self._corpus is None:
            assert self._rebuild is not None
            return await asyncio.shield(self._rebuild)
        return self._corpus

    def _take(self, rebuild: asyncio.Task[Corpus]) -> Corpus | None:
        try:
            return rebuild.result()
        except InvalidInput as error:
            log.warning("knowledge_not_rebuilt", error=str(error))
            return self._corpus

    async def _build(self) -> Corpus:
        started = time.monotonic()
        version, chunks, names = await self._documents.published()
        corpus = await asyncio.to_thread(
            build_corpus,
            version,
            chunks,
            names,
            embedding_model=self._encoder.model_name,
            encode=self._encode,
            previous=self._corpus,
        )
        log.info("knowledge_loaded", version=version, units=len(corpus.chunks), seconds=round(time.monotonic() - started, 2))
        return corpus
