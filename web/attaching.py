"""Files that managers attach to a reply: checked against what the channel takes before anything is sent."""

from collections.abc import Sequence

from domain.channels import ChannelKind
from domain.errors import InvalidInput
from domain.messages import Attachment
from web.chat.uploads import Upload, recognised
from web.services import Services


async def stored_uploads(services: Services, kind: ChannelKind, uploads: Sequence[Upload]) -> tuple[Attachment, ...]:
    """Kept as files of ours. Raises InvalidInput for what the channel does not take, before any of them is kept.

    The same file gets the same id each time, so that a repeat of one action is one action.
    """
    channel = services.channels.get(kind)
    if channel is None or not uploads:
        return ()
    features = channel.features
    if features.files_by_link and not services.public_url.startswith("https://"):
        raise InvalidInput(f"{features.label} fetches files from here by https: set FRONTDESK_PUBLIC_URL to an https address")
    for upload in uploads:
        if (refused := features.file_refusal(upload.mime_type, len(upload.content))) is not None:
            raise InvalidInput(f"{upload.name}: {refused}")
    return tuple([await kept_upload(services, upload) for upload in uploads])


async def kept_upload(services: Services, upload: Upload) -> Attachment:
    """As a file of ours, whatever channel it is for."""
    file_id = services.vault.keyed("attached file", upload.name, upload.fingerprint)
    await services.files.put(upload.content, name=upload.name, mime_type=upload.mime_type, file_id=file_id)
    return Attachment(type=upload.kind, url=f"/files/{file_id}", mime_type=upload.mime_type, name=upload.name, size=len(upload.content))


async def chosen_files(services: Services, kind: ChannelKind, file_ids: Sequence[str]) -> tuple[Attachment, ...]:
    """Files that were uploaded before. Raises NotFound, and InvalidInput for what the channel does not take."""
    found = [await services.files.get(file_id) for file_id in file_ids]
    uploads = [recognised(stored.content, stored.name) for stored in found]
    return await stored_uploads(services, kind, uploads)
