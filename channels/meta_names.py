"""The name of a customer of Messenger or Instagram: their messages carry only an id, the Graph API tells the rest."""

import re

from channels.exchange import CallFailed
from channels.graph import Graph, body_of, problem_of

_ID = re.compile(r"\d{1,40}")
LONGEST_NAME = 200


async def name_of(graph: Graph, address: str, token: str, *fields: str) -> str | None:
    """The first of the fields that says anything; None if Meta does not tell, as of people who have not agreed to it."""
    if not _ID.fullmatch(address):
        return None
    try:
        reply = await graph.get(address, token, fields=",".join(fields))
    except CallFailed:
        return None
    if problem_of(reply) is not None:
        return None
    shown = body_of(reply)
    return next((shown.text(name).strip()[:LONGEST_NAME] for name in fields if shown.text(name).strip()), None)
