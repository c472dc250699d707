"""Who calls the JSON API: an API key acts as the person it was made for, with that person's role."""

from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException

from domain.errors import PermissionDenied
from domain.managers import Manager, Role
from web.services import Services, services

_bearer = HTTPBearer(
    auto_error=False, scheme_name="apiKey", description="A key from `frontdesk apikey create`; it acts as the person it was made for."
)
_CHALLENGE = 'Bearer realm="frontdesk"'

Door = Annotated[Services, Depends(services)]


async def _reader(door: Door, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> Manager:
    if given is None:
        raise HTTPException(
            401, "Send an API key: Authorization: Bearer KEY. `frontdesk apikey create NAME` makes one.", {"WWW-Authenticate": _CHALLENGE}
        )
    manager = await door.people.api_key(given.credentials)
    if manager is None:
        raise HTTPException(401, "This API key is unknown or revoked.", {"WWW-Authenticate": f'{_CHALLENGE}, error="invalid_token"'})
    return manager


Reader = Annotated[Manager, Depends(_reader)]
"""Anybody with a key."""


def _needs(manager: Manager, least: Role) -> Manager:
    if not manager.may(least):
        raise PermissionDenied(f"This needs the role {least.value}; the key acts as a {manager.role.value}.")
    return manager


async def _writer(manager: Reader) -> Manager:
    return _needs(manager, Role.MANAGER)


async def _admin(manager: Reader) -> Manager:
    return _needs(manager, Role.ADMIN)


Writer = Annotated[Manager, Depends(_writer)]
"""Whoever may answer customers."""
Admin = Annotated[Manager, Depends(_admin)]
"""Whoever may change the installation."""
