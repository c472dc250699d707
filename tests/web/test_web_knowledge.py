"""Documents and the test box."""

from domain.knowledge import Answer, Citation, DocumentState
from tests.web.conftest import PART, Browser
from tests.web.shop import PUMP, Shop

PDF = b"%PDF-1.7\nnot much of one"


async def test_an_upload_is_stored_and_read(browser: Browser, shop: Shop) -> None:
    client = await browser("ana")
    done = await client.post("/knowledge", files={"file": ("Shop.pdf", PDF, "application/pdf")})
    assert (done.status_code, done.headers["location"]) == (303, "/knowledge")
    (document,) = await shop.services.documents.list()
    assert shop.engine.imported == [document.id]
    page = await client.get("/knowledge")
    assert "Shop.pdf" in page.text
    assert "Waiting to be read" in page.text


async def test_states_are_told_with_progress_and_reason(browser: Browser, shop: Shop) -> None:
    documents = shop.services.documents
    reading = await documents.add("Reading.pdf", PDF + b"1")
    await documents.progress(reading.id, step="Page 9 of 21", share=0.43)
    failed = await documents.add("Scan.pdf", PDF + b"2")
    await documents.fail(failed.id, "This PDF holds pictures of text only")
    ready = await documents.add("Ready.pdf", PDF + b"3")
    await documents.publish(ready.id, pages=12, chunks=[])
    page = await (await browser("luis")).get("/knowledge", headers={**PART, "hx-target": "section#documents"})
    for words in ("Reading 43%", "Page 9 of 21", "Failed", "This PDF holds pictures of text only", "Ready", ">12<"):
        assert words in page.text
    assert "<html" not in page.text


async def test_the_same_document_twice_is_refused_with_words(browser: Browser) -> None:
    client = await browser("ana")
    for _ in range(2):
        answer = await client.post("/knowledge", files={"file": ("Shop.pdf", PDF, "application/pdf")}, headers={"hx-request": "true"})
    assert answer.status_code == 409
    assert 'role="alert"' in answer.text
    empty = await client.post("/knowledge", files={"file": ("Empty.pdf", b"", "application/pdf")})
    assert empty.status_code == 422


async def test_an_import_that_can_not_begin_is_shown_as_failed(browser: Browser, shop: Shop) -> None:
    shop.engine.down = True
    answer = await (await browser("ana")).post("/knowledge", files={"file": ("Shop.pdf", PDF, "application/pdf")})
    assert answer.status_code == 503
    (document,) = await shop.services.documents.list()
    assert document.state is DocumentState.FAILED


async def test_only_admins_change_documents(browser: Browser, shop: Shop) -> None:
    document = await shop.services.documents.add("Shop.pdf", PDF)
    for who in ("luis", "dana"):
        client = await browser(who)
        assert "data-upload" not in (await client.get("/knowledge")).text
        assert (await client.post("/knowledge", files={"file": ("x.pdf", PDF, "application/pdf")})).status_code == 403
        assert (await client.post(f"/knowledge/{document.id}/remove")).status_code == 403
    gone = await (await browser("ana")).post(f"/knowledge/{document.id}/remove", headers={**PART, "hx-target": "section#documents"})
    assert "Shop.pdf" not in gone.text
    assert await shop.services.documents.list() == ()


async def test_the_test_box_tells_what_the_bot_would_do(browser: Browser, shop: Shop) -> None:
    citation = Citation(document="Shipping.pdf", page=3)
    base = {"passages": PUMP.passages, "threshold": 0.7, "suggestions": (), "knowledge_version": 4}
    yes = Answer(question="Do you ship?", answered=True, text="Yes, everywhere.", confidence=0.9, citations=(citation,), **base)
    no = Answer(question="Is it covered?", answered=False, text=None, confidence=0.41, citations=(), **base)
    shop.engine.answers = {yes.question: yes, no.question: no}
    client = await browser("luis")
    answered = await client.post("/knowledge/ask", data={"question": "Do you ship?", "inbox": "website"}, headers=PART)
    assert "Would answer" in answered.text
    assert "Yes, everywhere." in answered.text
    flagged = await client.post("/knowledge/ask", data={"question": "Is it covered?"})
    for words in ("Would flag", "41%", "Answers at 70%", "Page 2, match 0.83", "Pump programme 2025.pdf"):
        assert words in flagged.text
    assert "<html" in flagged.text


async def test_a_document_opens_in_the_browser_and_nothing_else_runs(browser: Browser, shop: Shop) -> None:
    good = await shop.services.documents.add("Zürich “shop”.pdf", PDF)
    bad = await shop.services.documents.add("evil.html", b"<script>alert(1)</script>")
    client = await browser("luis")
    shown = await client.get(f"/knowledge/{good.id}/file")
    assert shown.headers["content-type"] == "application/pdf"
    assert shown.headers["content-disposition"].startswith("inline; filename*=UTF-8''Z%C3%BCrich")
    assert shown.headers["x-content-type-options"] == "nosniff"
    kept = await client.get(f"/knowledge/{bad.id}/file")
    assert kept.headers["content-type"] == "application/octet-stream"
    assert kept.headers["content-disposition"].startswith("attachment")
    file_id = await shop.services.files.put(b"<svg onload=alert(1)>", name="a.svg", mime_type="image/svg+xml")
    attached = await client.get(f"/files/{file_id}")
    assert attached.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in attached.headers["content-security-policy"]
    stranger = await browser(None)
    for address in (f"/knowledge/{good.id}/file", f"/files/{file_id}"):
        assert (await stranger.get(address)).status_code == 303
