"""Evidence as programs get it: document, page, the exact words, and where a manager reads them marked."""

from collections.abc import Sequence

from pydantic import Field

from domain.knowledge import Citation, Evidence
from domain.messages import Message
from domain.model import Model
from web.evidence import page_url, quote_of


class Source(Model):
    """A passage that the bot looked at, best first."""

    document: str = Field(description="File name.")
    document_id: str
    page: int
    quote: str = Field(description="The document's own words: those that the reply cites, else the whole passage.")
    link: str = Field(description="Where a signed-in manager sees the page with these words marked.")
    score: float


def sources_in(evidence: Evidence | None, base: str) -> tuple[Source, ...]:
    """`base` is the public URL."""
    if evidence is None:
        return ()
    citations = evidence.draft.citations if evidence.draft else ()
    found = []
    for passage in evidence.passages:
        quote = quote_of(passage, citations)
        link = base + page_url(passage.document_id, passage.page, quote)
        facts = {"document": passage.document, "document_id": passage.document_id, "page": passage.page, "score": passage.score}
        found.append(Source.model_validate({**facts, "quote": quote, "link": link}))
    return tuple(found)


def with_links(messages: Sequence[Message], base: str) -> tuple[Message, ...]:
    """The messages, each citation with its link."""
    return tuple(_with_links(message, base) if message.citations else message for message in messages)


def _with_links(message: Message, base: str) -> Message:
    return message.model_copy(update={"citations": tuple(_linked(citation, base) for citation in message.citations)})


def _linked(citation: Citation, base: str) -> Citation:
    path = page_url(citation.document_id, citation.page, citation.quote or "")
    return citation.model_copy(update={"link": base + path if path else None})
