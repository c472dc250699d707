"""How a MercadoLibre inbox stands, in words for whoever sets it up."""

from channels.exchange import CallFailed
from channels.mercadolibre_api import TOKEN_WORDS, Api, number_of
from channels.mercadolibre_tokens import NEW_LOGIN
from domain.channels import PATH_SECRET, ChannelCheck
from domain.errors import InvalidInput
from domain.ports import Credentials


async def check(api: Api, credentials: Credentials, webhook_url: str) -> ChannelCheck:
    """Never raises for what MercadoLibre answers."""
    notes: list[str] = []
    token_refused = False
    try:
        problem = await _ask(api, credentials, notes)
        token_refused = problem is not None and problem.startswith(TOKEN_WORDS)
    except (InvalidInput, CallFailed) as error:
        problem = str(error)
    if problem is None:
        notes.append(f"In MercadoLibre's console, {webhook_url} must stand as the callback URL, with the topics questions and messages.")
    problems = tuple(filter(None, (problem, *_missing(credentials, webhook_url))))
    return ChannelCheck(notes=tuple(notes), problems=problems, token_refused=token_refused)


async def _ask(api: Api, credentials: Credentials, notes: list[str]) -> str | None:
    """The first thing that MercadoLibre finds wrong, or None; what went well is added to `notes`."""
    found = await api.get("/users/me", credentials)
    if found.token_refused:
        return f"{TOKEN_WORDS}; {NEW_LOGIN}"
    if not found.ok:
        return f"MercadoLibre could not be asked for the account. {found.said}"
    number, site = number_of(found.body, "id"), found.body.text("site_id")
    if number != credentials.get("user_id"):
        return f"user_id is not the one that access_token belongs to ({number or 'none'}): what comes in would be refused"
    notes.append(f"The account is {found.body.text('nickname') or number}, on the site {site or 'unknown'}.")
    if site and credentials.get("site_id", site) != site:
        return f"site_id is not the account's; set site_id={site}"
    missed = await api.get("/missed_feeds", credentials, app_id=credentials.get("app_id", ""), topic="questions", offset="0", limit="10")
    if missed.ok and (count := len(missed.body.items("messages"))):
        notes.append(f"{count} or more notifications did not get through within the last two days; they are fetched every ten minutes.")
    elif missed.status == 403:
        return "app_id is not the application that access_token was made for; set the one of the application"
    return None


def _missing(credentials: Credentials, webhook_url: str) -> list[str]:
    problems = []
    if not credentials.get("refresh_token"):
        problems.append("refresh_token is not set: the access_token ends after six hours and could not be renewed")
    if not credentials.get("client_secret"):
        problems.append("client_secret is not set: the access_token ends after six hours and could not be renewed")
    if not credentials.get("site_id"):
        problems.append("site_id is not set: give MLA, MLB, MLC, MCO, MLM, MLU or the site's own, so that answers find the right receiver")
    if not credentials.get(PATH_SECRET):
        problems.append("path_secret is not set: every notification would be refused; set any long random word")
    if not webhook_url.startswith("https://"):
        problems.append(f"MercadoLibre delivers to https only, not to {webhook_url}: set FRONTDESK_PUBLIC_URL to an https address")
    return problems
