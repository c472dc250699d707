"""Approved templates of an inbox's vendor: listed, and filled for one reply. Dashboard and API share it."""

from collections.abc import Mapping, Sequence

from domain.errors import InvalidInput, NotFound
from domain.ports import Templated
from domain.templates import Template, TemplateUse, fill
from web.services import Services


async def templates_of(services: Services, inbox_id: str) -> Sequence[Template]:
    """Asks the vendor. Raises NotFound, InvalidInput for a channel without templates or with settings missing, VendorFailed."""
    inbox, credentials = await services.inboxes.opened(inbox_id)
    channel = services.channels.get(inbox.channel)
    if channel is None or not channel.features.templates or not isinstance(channel, Templated):
        raise InvalidInput(f"The channel of {inbox.name} has no templates")
    return await channel.templates(credentials)


async def filled_template(
    services: Services, inbox_id: str, name: str, language: str, values: Mapping[str, str]
) -> tuple[TemplateUse, str]:
    """What is sent, and what the customer reads. Raises NotFound for an unknown template, and what `templates_of` and `fill` raise."""
    found = [template for template in await templates_of(services, inbox_id) if template.name == name]
    chosen = next((template for template in found if template.language == language), None)
    if chosen is None and len(found) == 1 and not language:
        chosen = found[0]
    if chosen is None:
        known = f"; it is approved in: {', '.join(template.language for template in found)}" if found else ""
        raise NotFound(f"There is no approved template {name} in the language {language or '(none given)'}{known}")
    return fill(chosen, values)
