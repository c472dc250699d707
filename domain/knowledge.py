"""Knowledge: documents, the passages found in them, and what is made of these."""

from enum import StrEnum
from typing import TypeVar

from pydantic import Field

from domain.model import Model, UtcDatetime

Number = TypeVar("Number", int, float)


def _sum(one: Number | None, other: Number | None) -> Number | None:
    if one is None:
        return other
    return one if other is None else one + other


class DocumentState(StrEnum):
    UPLOADED = "uploaded"
    READING = "reading"
    READY = "ready"
    FAILED = "failed"


class Document(Model):
    """A document of the business. `progress` runs from 0 to 1 while it is read."""

    id: str
    name: str
    sha256: str
    size: int = Field(ge=0, description="bytes")
    pages: int | None = None
    chunks: int | None = None
    state: DocumentState
    progress: float = 0.0
    step: str = ""
    """What the import is doing now, in words."""
    error: str | None = None
    created_at: UtcDatetime
    ready_at: UtcDatetime | None = None


class ChunkKind(StrEnum):
    QUESTION_ANSWER = "question_answer"
    TEXT = "text"
    TABLE = "table"


class Chunk(Model):
    """A piece of a document as it is stored and searched. `text` of a question-answer pair is the answer alone."""

    id: str
    document_id: str
    position: int
    page: int
    """1-based page on which it begins."""
    kind: ChunkKind
    heading: str = ""
    question: str | None = None
    text: str
    vector: bytes = Field(default=b"", repr=False)
    """One or more rows of `embedding_model`, half precision, little endian: the whole, its title, each sentence (`knowledge/embed.py`)."""
    embedding_model: str = ""


class Passage(Model):
    """A retrieved piece of a document. `score` is the raw cosine or coverage-like figure shown to managers, 0 to 1."""

    chunk_id: str
    document_id: str
    document: str
    """File name."""
    page: int
    kind: ChunkKind
    heading: str = ""
    question: str | None = None
    text: str
    score: float


class Citation(Model):
    """A passage that a reply rests on."""

    document: str
    page: int
    document_id: str | None = None
    quote: str | None = None
    link: str | None = None
    """Where a manager sees the quote marked; only the API fills it in."""


class Draft(Model):
    """A proposed reply. No draft at all (None in its place) means that the documents hold no answer."""

    text: str
    citations: tuple[Citation, ...]
    model: str
    """`extractive`, or the language model's name."""
    prompt_version: str | None = None


class ReadingOutcome(StrEnum):
    """What came of a language model's reading of a turn."""

    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    """The model found no answer in the passages."""
    UNSUPPORTED = "unsupported"
    """It gave one, and the checks refused it."""
    REFUTED = "refuted"
    """It gave one, and the second look refused it."""
    NOT_READ = "not_read"
    """Only the question was put into other words: nothing near enough was found to be read."""
    FAILED = "failed"
    """No usable reply came."""


class ModelUse(Model):
    """What calls of a language model took. Tokens are the server's own count, None where it gives none."""

    model: str = ""
    """Of the last call."""
    calls: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    latency_ms: int = 0
    cost: float | None = None
    """By the prices of the settings, in their currency; None where no price is set."""

    def plus(self, other: "ModelUse") -> "ModelUse":
        return ModelUse(
            model=other.model or self.model,
            calls=self.calls + other.calls,
            input_tokens=_sum(self.input_tokens, other.input_tokens),
            output_tokens=_sum(self.output_tokens, other.output_tokens),
            latency_ms=self.latency_ms + other.latency_ms,
            cost=_sum(self.cost, other.cost),
        )


class Reading(Model):
    """A language model's work on one turn, kept whether or not an answer came of it."""

    outcome: ReadingOutcome
    detail: str = ""
    """Why there is no answer, or what was left out of it, in words for managers."""
    draft: Draft | None = None
    prompt_version: str = ""
    second_look: bool = False
    """The model was asked once more whether the passages say what the draft says."""
    use: ModelUse = ModelUse()


class Evidence(Model):
    """What the documents say to one question.

    `confidence` is the calibrated probability, 0 to 1, that `draft` answers the question; `signals` are the raw figures it was
    computed from. `suggestions` are stored questions near to what was asked, best first.
    """

    passages: tuple[Passage, ...] = ()
    confidence: float = 0.0
    fitted_confidence: float | None = None
    """What the release's model said, where the managers' judgements of this installation have moved it."""
    signals: dict[str, float] = Field(default_factory=dict)
    draft: Draft | None = None
    suggestions: tuple[str, ...] = ()
    knowledge_version: int = 0
    confidence_model: str = ""
    heard: dict[str, float] = Field(default_factory=dict)
    """What the worker heard in the question itself, by the names of `domain.turns.Heard`. Of turns only."""
    looked_up: str = ""
    """What was looked up for a follow-up ("and to Brazil?"): the question in words that stand alone. Empty: the customer's own words."""
    reading: Reading | None = None
    """Where a language model has read the passages."""


class Answer(Model):
    """The outcome of `knowledge ask` and `POST /ask`."""

    question: str
    answered: bool
    text: str | None
    confidence: float
    threshold: float
    passages: tuple[Passage, ...]
    citations: tuple[Citation, ...]
    suggestions: tuple[str, ...]
    knowledge_version: int
