"""The website chat: a page and a widget that customers write in. `router` is mounted by the composition root."""

from web.chat.routes import router

__all__ = ["router"]
