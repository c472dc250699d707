"""The dashboard as one thing: every route of it, and its files."""

from fastapi import FastAPI

from web import (
    availability,
    bulk,
    channels,
    connecting,
    document_pages,
    events,
    files,
    inbox,
    judging,
    knowledge,
    notifications,
    people,
    presence,
    sign_in,
    team,
    verbs,
    verifying,
)
from web.assets import StaticAssets


def add_dashboard(app: FastAPI) -> None:
    """Mounts the files at `/static` and adds the pages. `app.state.services` must be set before the first request."""
    app.mount("/static", StaticAssets(), name="static")
    for module in (
        sign_in,
        availability,
        bulk,
        inbox,
        verbs,
        judging,
        knowledge,
        document_pages,
        files,
        team,
        channels,
        connecting,
        people,
        notifications,
        verifying,
        presence,
        events,
    ):
        app.include_router(module.router)
