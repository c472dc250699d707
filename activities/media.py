"""Brings what customers attached into our own storage, before the vendor's link ends."""

from collections.abc import Mapping

from temporalio import activity
from temporalio.exceptions import ApplicationError

from domain.channels import ChannelKind
from domain.errors import InvalidInput, MediaNotFetched
from domain.media import MAX_MEDIA_BYTES, file_name, is_elsewhere, real_type
from domain.messages import Attachment
from domain.ports import Channel, ConversationStore, Credentials, Downloader, FileStore, InboxStore, MediaSource


class MediaActivities:
    def __init__(
        self,
        conversations: ConversationStore,
        files: FileStore,
        inboxes: InboxStore,
        channels: Mapping[ChannelKind, Channel],
        downloads: Downloader,
    ) -> None:
        self._conversations = conversations
        self._files = files
        self._inboxes = inboxes
        self._channels = channels
        self._downloads = downloads

    @activity.defn
    async def fetch_media(self, message_id: str) -> int:
        """Fetches every file of a message that still lies elsewhere; gives how many of its files are ours then.

        What fails stands at the attachment, for managers to see. Raises ApplicationError: retryable while the message is not recorded or
        the vendor may still answer, non-retryable once no try can help.
        """
        message = await self._conversations.message(message_id)
        conversation = await self._conversations.get(message.conversation_id)
        credentials = await self._inboxes.credentials(conversation.inbox_id)
        failed: list[MediaNotFetched] = []
        for position, attachment in enumerate(message.attachments):
            if not is_elsewhere(attachment):
                continue
            try:
                stored = await self._store(attachment, self._channels[conversation.channel], credentials)
            except MediaNotFetched as failure:
                failed.append(failure)
                stored = attachment.model_copy(update={"problem": str(failure)[:300]})
            await self._conversations.set_attachment(message_id, position, stored)
        if failed:
            again = any(failure.retryable for failure in failed)
            raise ApplicationError("; ".join(map(str, failed)), type="MediaNotFetched", non_retryable=not again)
        return len(message.attachments)

    async def _store(self, attachment: Attachment, channel: Channel, credentials: Credentials) -> Attachment:
        """Raises MediaNotFetched."""
        if attachment.size is not None and attachment.size > MAX_MEDIA_BYTES:
            raise MediaNotFetched(f"The file is larger than {MAX_MEDIA_BYTES // 1_000_000} MB", retryable=False)
        try:
            if isinstance(channel, MediaSource):
                found = await channel.media(attachment, credentials, self._downloads)
            else:
                found = await self._downloads.get(attachment.url)
        except InvalidInput as error:
            raise MediaNotFetched(str(error), retryable=False) from error
        mime_type = real_type(found.content, attachment.mime_type or found.mime_type)
        if mime_type is None:
            raise MediaNotFetched("The file is a program and was not kept", retryable=False)
        name = file_name(attachment.name, attachment.type, mime_type)
        file_id = await self._files.put(found.content, name=name, mime_type=mime_type)
        ours = {"url": f"/files/{file_id}", "name": name, "mime_type": mime_type, "size": len(found.content), "problem": None}
        return attachment.model_copy(update=ours)
