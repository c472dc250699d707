"""Instagram's own tokens: sixty days long, exchanged for a new one while they are valid and at least a day old."""

from datetime import datetime, timedelta
from urllib.parse import urlencode

from channels.exchange import CallFailed, Http
from channels.graph import TOKEN_OVER, body_of, problem_of, token_of
from domain.errors import InvalidInput
from domain.fetching import Renewal, TokenState
from domain.ports import Credentials

YOUNGEST = timedelta(hours=25)
"""Age from which a token can be exchanged (a day), with some room."""
RENEW_AFTER = timedelta(days=7)
"""Of sixty: a fault of weeks is survived."""


def renewal_due(credentials: Credentials, state: TokenState, *, now: datetime) -> bool:
    """Soon for a token that was set by a person, whose end is not known; then once a week."""
    if (credentials.get("login") or "instagram") != "instagram":
        return False
    age = RENEW_AFTER if state.expires_at is not None else YOUNGEST
    return now - state.seen_at >= age


async def renew(http: Http, base_url: str, credentials: Credentials) -> Renewal:
    """One request. Never raises for what Instagram answers."""
    try:
        # Instagram takes the token in the address only; addresses of calls are never logged here.
        query = urlencode({"grant_type": "ig_refresh_token", "access_token": token_of(credentials)})
        reply = await http.request("GET", f"{base_url}/refresh_access_token?{query}", headers={"user-agent": "frontdesk"})
    except (InvalidInput, CallFailed) as error:
        return Renewal(problem=f"The access_token could not be renewed: {error}")
    answer = body_of(reply)
    token, ends = answer.text("access_token"), answer.number("expires_in")
    if problem_of(reply) is None and token:
        return Renewal(settings={"access_token": token}, expires_in=ends)
    over = answer.inner("error").whole("code") == TOKEN_OVER
    words = (
        "Instagram does not take the access_token any more; make a new one and set it" if over else "The access_token could not be renewed"
    )
    return Renewal(problem=f"{words} ({problem_of(reply)})", final=over)
