"""What the CLI does in the terminal beyond one call: imports with progress, a trial send, a chat."""

import asyncio
import hashlib
import sys
import uuid
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import httpx2

from channels.outgoing import OutgoingHttp, vendor_http
from channels.registry import Vendors, build_channels
from channels.trial import try_inbox
from domain.channels import ChannelCheck, webhook_path
from domain.errors import EngineUnavailable, InvalidInput, NotFound, UnreadableDocument
from domain.knowledge import Document, DocumentState
from gateway import ConversationGateway, open_client
from settings import Settings
from storage.stores import Stores
from supervisor import engine_ports, is_running

POLL_SECONDS = 0.3
ROUND_SECONDS = 60.0


ImportHere = Callable[..., Awaitable[int]]
"""`knowledge.importing.import_document`: handed in, because importing it loads LlamaIndex."""


async def import_files(
    stores: Stores, settings: Settings, files: Sequence[Path], *, wait: bool, import_here: ImportHere | None = None
) -> list[Document]:
    """Imports PDFs through the running service, or by `import_here` when there is none. Progress goes to standard error.

    Raises InvalidInput for a file that can't be read from disk; what a document's content forbids stands on the document.
    """
    contents = [(file, _content_of(file)) for file in files]
    gateway = await _running_gateway(stores, settings)
    imported = []
    for file, content in contents:
        document = await _stored(stores, file.name, content)
        if document.state is not DocumentState.READY:
            if gateway is not None:
                await gateway.import_document(document.id)
                if wait:
                    await _follow(stores, document.id)
            elif import_here is not None:
                await _import_in_line(stores, document.id, import_here)
            else:
                raise EngineUnavailable("No worker is running that could read the document")
        imported.append(await stores.documents.get(document.id))
    return imported


def _content_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{file} can't be read ({error.strerror})") from error


async def _stored(stores: Stores, name: str, content: bytes) -> Document:
    """The same bytes again are the same document."""
    digest = hashlib.sha256(content).hexdigest()
    known = next((document for document in await stores.documents.list() if document.sha256 == digest), None)
    if known is not None and known.state is not DocumentState.FAILED:
        return known
    return await stores.documents.add(name, content)


async def _running_gateway(stores: Stores, settings: Settings) -> ConversationGateway | None:
    address = settings.temporal_address
    if address is None and is_running(settings.data_dir):
        address = engine_ports(settings.data_dir).address
    if address is None:
        return None
    client = await open_client(address, settings.temporal_namespace, lazy=True)
    gateway = ConversationGateway(
        client,
        arrivals=stores.arrivals,
        conversations=stores.conversations,
        inboxes=stores.inboxes,
        receipts=stores.ledger,
        database=stores.db,
    )
    ready = await gateway.readiness()
    return gateway if ready["worker"] else None


async def _import_in_line(stores: Stores, document_id: str, import_here: ImportHere) -> None:
    def show(step: str, share: float) -> None:
        _progress(f"{share:4.0%}  {step}")

    try:
        await import_here(stores.documents, document_id, progress=show)
    except UnreadableDocument as error:
        _progress(str(error))


async def _follow(stores: Stores, document_id: str) -> None:
    said = ""
    while True:
        document = await stores.documents.get(document_id)
        line = f"{document.progress:4.0%}  {document.step}"
        if line != said:
            _progress(line)
            said = line
        if document.state in (DocumentState.READY, DocumentState.FAILED):
            return
        await asyncio.sleep(POLL_SECONDS)


def _progress(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


async def try_stored_inbox(stores: Stores, inbox_id: str, settings: Settings) -> ChannelCheck:
    """Raises NotFound. What the vendor says stands in the check."""
    inbox = await stores.inboxes.get(inbox_id)
    credentials = await stores.inboxes.credentials(inbox.id)
    async with OutgoingHttp(allowed_networks=settings.allowed_private_networks) as http, vendor_http() as to_vendors:
        channel = build_channels(http, Vendors(to_vendors, **settings.vendor_urls))[inbox.channel]
        webhook_url = settings.base_url + webhook_path(inbox.channel, inbox.id, credentials)
        return await try_inbox(channel, inbox, credentials, stores.tokens, webhook_url=webhook_url)


async def chat_in_terminal(settings: Settings, inbox_id: str | None) -> None:
    """Reads lines from the terminal, sends them as a customer of the website chat, prints what comes back."""
    async with httpx2.AsyncClient(base_url=settings.base_url, timeout=10, follow_redirects=False) as http:
        await _chat(http, inbox_id or "shop")


async def _chat(http: httpx2.AsyncClient, inbox_id: str) -> None:
    try:
        session = await http.get(f"/chat/{inbox_id}/session")
    except httpx2.HTTPError as error:
        raise EngineUnavailable(f"{http.base_url} does not answer: start Frontdesk with `./frontdesk up` first") from error
    if session.status_code == 404:
        raise NotFound(f"There is no website chat {inbox_id}; see `./frontdesk inbox list`")
    session.raise_for_status()
    headers = {"Authorization": f"Bearer {session.json()['token']}"}
    after = ""
    loop = asyncio.get_running_loop()
    sys.stdout.write("Write as a customer; an empty line ends the chat.\n")
    while text := (await loop.run_in_executor(None, _ask_line)).strip():
        sent = await http.post(f"/chat/{inbox_id}/messages", headers=headers, json={"id": str(uuid.uuid4()), "text": text})
        if sent.is_error:
            sys.stdout.write(f"  not sent: {sent.text}\n")
            continue
        after = await _print_reply(http, inbox_id, headers, after)


def _ask_line() -> str:
    sys.stdout.write("> ")
    sys.stdout.flush()
    return sys.stdin.readline()


async def _print_reply(http: httpx2.AsyncClient, inbox_id: str, headers: dict[str, str], after: str) -> str:
    until = asyncio.get_running_loop().time() + ROUND_SECONDS
    while asyncio.get_running_loop().time() < until:
        answer = await http.get(f"/chat/{inbox_id}/messages", headers=headers, params={"after": after} if after else {})
        messages = answer.json()["messages"] if answer.is_success else []
        if messages:
            after = messages[-1]["id"]
        replies = [message for message in messages if message["sender"] != "customer"]
        for message in replies:
            sources = "".join(f" [{citation['document']}, p. {citation['page']}]" for citation in message.get("citations", ()))
            sys.stdout.write(f"  {message['sender']}: {message['text']}{sources}\n")
        if replies:
            return after
        await asyncio.sleep(POLL_SECONDS)
    sys.stdout.write("  (no reply within a minute)\n")
    return after
