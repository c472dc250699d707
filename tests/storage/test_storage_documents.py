"""Documents and files."""

import asyncio

import pytest

from domain.errors import Conflict, InvalidInput, NotFound
from domain.knowledge import Chunk, ChunkKind, DocumentState
from storage.database import Database
from storage.documents import Documents
from storage.events import Events
from storage.files import Files


def chunks(document_id: str, count: int, *, tag: str = "a") -> list[Chunk]:
    return [
        Chunk(
            id=f"{document_id}-{tag}-{number}",
            document_id=document_id,
            position=number,
            page=number + 1,
            kind=ChunkKind.QUESTION_ANSWER,
            heading="Shipping",
            question="How long?",
            text=f"{tag} {number}",
            vector=bytes([number, 0, 255, 1]),
            embedding_model="small",
        )
        for number in range(count)
    ]


async def test_a_document_becomes_findable_when_it_is_published(documents: Documents) -> None:
    added = await documents.add("shop.pdf", b"%PDF")
    assert (added.state, added.size, await documents.version()) == (DocumentState.UPLOADED, 4, 0)
    assert await documents.content(added.id) == b"%PDF"
    await documents.progress(added.id, step="Reading page 2", share=0.4)
    reading = await documents.get(added.id)
    assert (reading.state, reading.step, reading.progress) == (DocumentState.READING, "Reading page 2", 0.4)
    assert await documents.published() == (0, [], {})
    version = await documents.publish(added.id, pages=3, chunks=chunks(added.id, 30))
    ready = await documents.get(added.id)
    assert (version, ready.state, ready.progress, ready.pages, ready.chunks) == (1, DocumentState.READY, 1.0, 3, 30)
    assert ready.ready_at is not None
    assert await documents.published() == (1, chunks(added.id, 30), {added.id: "shop.pdf"})


async def test_publishing_again_replaces_and_removing_takes_away(documents: Documents) -> None:
    one, two = await documents.add("one.pdf", b"1"), await documents.add("two.pdf", b"2")
    await documents.publish(one.id, pages=1, chunks=chunks(one.id, 3))
    await documents.publish(two.id, pages=1, chunks=chunks(two.id, 1))
    await documents.publish(one.id, pages=1, chunks=chunks(one.id, 2, tag="b"))
    version, found, names = await documents.published()
    assert (version, [chunk.text for chunk in found], set(names.values())) == (3, ["b 0", "b 1", "a 0"], {"one.pdf", "two.pdf"})
    assert await documents.remove(one.id) == 4
    version, found, names = await documents.published()
    assert (version, [chunk.text for chunk in found], names) == (4, ["a 0"], {two.id: "two.pdf"})
    assert [document.id for document in await documents.list()] == [two.id]


async def test_the_same_bytes_are_refused_unless_they_failed(documents: Documents) -> None:
    first = await documents.add("shop.pdf", b"same")
    with pytest.raises(Conflict, match=r"shop\.pdf"):
        await documents.add("copy.pdf", b"same")
    await documents.fail(first.id, "this document is encrypted")
    failed = await documents.get(first.id)
    assert (failed.state, failed.error) == (DocumentState.FAILED, "this document is encrypted")
    again = await documents.add("copy.pdf", b"same")
    assert (again.state, again.error) == (DocumentState.UPLOADED, None)
    assert await documents.list() == (again,)


async def test_an_empty_document_is_refused(documents: Documents) -> None:
    with pytest.raises(InvalidInput, match=r"empty\.pdf"):
        await documents.add("empty.pdf", b"")


async def test_unknown_documents_are_not_found(documents: Documents) -> None:
    calls = (
        documents.get("x"),
        documents.content("x"),
        documents.remove("x"),
        documents.fail("x", "why"),
        documents.progress("x", step="s", share=0.1),
        documents.publish("x", pages=1, chunks=()),
    )
    for call in calls:
        with pytest.raises(NotFound, match="x"):
            await call


async def test_publishing_at_once_gives_every_change_its_own_version(documents: Documents) -> None:
    added = [await documents.add(f"{number}.pdf", bytes([number])) for number in range(4)]
    versions = await asyncio.gather(*(documents.publish(each.id, pages=1, chunks=chunks(each.id, 2)) for each in added))
    assert sorted(versions) == [1, 2, 3, 4]
    version, found, _ = await documents.published()
    assert (version, len(found)) == (4, 8)


async def test_changes_of_documents_are_events(documents: Documents, events: Events) -> None:
    added = await documents.add("shop.pdf", b"%PDF")
    await documents.publish(added.id, pages=1, chunks=())
    assert [event.kind for event in await events.since(0)] == ["document", "document"]


async def test_a_large_document_is_kept_whole(documents: Documents) -> None:
    content = bytes(range(256)) * 20_000
    added = await documents.add("large.pdf", content)
    assert (added.size, await documents.content(added.id)) == (len(content), content)


async def test_a_file_comes_back_as_it_was(db: Database) -> None:
    files = Files(db)
    file_id = await files.put(b"\x00\xff", name="photo.png", mime_type="image/png")
    stored = await files.get(file_id)
    assert (stored.id, stored.name, stored.mime_type, stored.size, stored.content) == (file_id, "photo.png", "image/png", 2, b"\x00\xff")
    with pytest.raises(NotFound):
        await files.get("nothing")
