"""Questions asked of one PDF, offline: for `eval`, `knowledge ask` and the evaluation of the project itself."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import ValidationError

from domain.errors import InvalidInput, NotFound
from domain.knowledge import Answer, Chunk, Evidence, Passage
from domain.model import Model
from domain.policy import DEFAULT_THRESHOLD
from knowledge.confidence import ConfidenceModel, confidence_model
from knowledge.corpus import Corpus, build_corpus
from knowledge.embed import SentenceEncoder, sentence_encoder
from knowledge.evidence import find_evidence
from knowledge.importing import embed_units, units_of
from knowledge.load import read_pdf


class Question(Model):
    """One line of a questions file; other fields are left alone."""

    id: str
    question: str


class Prediction(Model):
    """One line of the result. `text` is the best reply there is, also where it would not be sent."""

    id: str
    answered: bool
    confidence: float
    text: str
    pages: tuple[int, ...]
    passages: tuple[Passage, ...]


def answer_of(question: str, evidence: Evidence, threshold: float) -> Answer:
    """What the bot makes of the evidence: it answers iff there is a passage, the threshold is below 1 and the confidence reaches it."""
    draft = evidence.draft
    answered = bool(evidence.passages) and draft is not None and threshold < 1 and evidence.confidence >= threshold
    return Answer(
        question=question,
        answered=answered,
        text=draft.text if draft and answered else None,
        confidence=evidence.confidence,
        threshold=threshold,
        passages=evidence.passages,
        citations=draft.citations if draft and answered else (),
        suggestions=evidence.suggestions,
        knowledge_version=evidence.knowledge_version,
    )


def corpus_of(pdf: Path, *, encoder: SentenceEncoder | None = None) -> Corpus:
    """A throw-away corpus of one file. Raises NotFound and UnreadableDocument."""
    encoder = encoder or sentence_encoder()
    if not pdf.is_file():
        raise NotFound(f"There is no file {pdf}")
    _, lines = read_pdf(pdf.read_bytes())
    units = units_of(lines)
    chunks: list[Chunk] = embed_units(pdf.name, units, 0, encoder)
    return build_corpus(1, chunks, {pdf.name: pdf.name}, embedding_model=encoder.model_name, encode=encoder.encode, is_word=encoder.is_word)


def read_questions(file: Path) -> list[Question]:
    """Raises NotFound, and InvalidInput naming the line."""
    if not file.is_file():
        raise NotFound(f"There is no file {file}")
    questions = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip():
            try:
                questions.append(Question.model_validate_json(line))
            except ValidationError as error:
                raise InvalidInput(f'{file.name}, line {number}: every line must be like {{"id": "q1", "question": "..."}}') from error
    return questions


def predict(
    corpus: Corpus, questions: Iterable[Question], *, threshold: float = DEFAULT_THRESHOLD, model: ConfidenceModel | None = None
) -> list[Prediction]:
    """Answers each question by itself, with the model that comes with the release unless another one is named."""
    encoder = sentence_encoder()
    model = (model or confidence_model()).fitted_for(encoder.model_name)
    return [_prediction(corpus, question, threshold, encoder, model) for question in questions]


def evaluate(
    pdf: Path, questions: Path, out: Path, *, threshold: float = DEFAULT_THRESHOLD, model: ConfidenceModel | None = None
) -> Sequence[Prediction]:
    """`./frontdesk eval`: writes a line for each question to `out`."""
    predictions = predict(corpus_of(pdf), read_questions(questions), threshold=threshold, model=model)
    lines = [json.dumps(prediction.model_dump(mode="json"), ensure_ascii=False) for prediction in predictions]
    out.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return predictions


def _prediction(corpus: Corpus, question: Question, threshold: float, encoder: SentenceEncoder, model: ConfidenceModel) -> Prediction:
    evidence = find_evidence(corpus, question.question, model, encoder.encode)
    answer = answer_of(question.question, evidence, threshold)
    return Prediction(
        id=question.id,
        answered=answer.answered,
        confidence=evidence.confidence,
        text=evidence.draft.text if evidence.draft else "",
        pages=tuple(dict.fromkeys(citation.page for citation in evidence.draft.citations)) if evidence.draft else (),
        passages=evidence.passages,
    )
