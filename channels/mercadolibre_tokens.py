"""MercadoLibre's access tokens: six hours long, renewed by a refresh token that works once.

Whoever renews must store both new tokens before anybody else tries: the caller holds a lock on the inbox meanwhile.
"""

from channels.exchange import CallFailed
from channels.mercadolibre_api import Api
from domain.errors import InvalidInput
from domain.fetching import Renewal
from domain.ports import Credentials

NEW_LOGIN = "connect the seller's account again and set the new access_token and refresh_token"

_FINAL = {
    "invalid_grant": f"MercadoLibre does not take the refresh_token any more (it works once, and ends with a new password); {NEW_LOGIN}",
    "invalid_client": "MercadoLibre does not know app_id and client_secret; copy them from the application and set them",
    "unauthorized_client": "The application may not renew tokens; tick offline_access in MercadoLibre's console, then " + NEW_LOGIN,
}
"""Errors that another attempt can't mend, to what a manager reads."""


async def renew(api: Api, credentials: Credentials) -> Renewal:
    """One request. Never raises for what MercadoLibre answers."""
    missing = [name for name in ("app_id", "client_secret", "refresh_token") if not credentials.get(name)]
    if missing:
        return Renewal(problem=f"{' and '.join(missing)} must be set, so that the access_token can be renewed", final=True)
    fields = {
        "grant_type": "refresh_token",
        "client_id": credentials["app_id"],
        "client_secret": credentials["client_secret"],
        "refresh_token": credentials["refresh_token"],
    }
    try:
        answer = await api.form("/oauth/token", fields)
    except (CallFailed, InvalidInput) as error:
        return Renewal(problem=f"The access_token could not be renewed: {error}")
    access, refresh = answer.body.text("access_token"), answer.body.text("refresh_token")
    if answer.ok and access and refresh:
        return Renewal(settings={"access_token": access, "refresh_token": refresh}, expires_in=answer.body.number("expires_in"))
    if (words := _FINAL.get(answer.error)) is not None:
        return Renewal(problem=words, final=True)
    return Renewal(problem=f"The access_token could not be renewed: {answer.said}")
