"""WhatsApp's error codes: of a send's answer, and of a message that could not be delivered afterwards."""

from channels.graph import ErrorTable
from channels.json_body import Fields

WINDOW_CLOSED = "More than 24 hours have passed since the customer last wrote: WhatsApp lets only a template through now"

ERRORS = ErrorTable(
    permanent={
        100: "",
        368: "WhatsApp has blocked this business account for breaking its rules",
        130472: "WhatsApp did not deliver: the customer is in one of its experiments",
        130497: "WhatsApp does not let this business account write to the customer's country",
        131008: "",
        131009: "",
        131021: "The customer's number is the sender's own",
        131026: "WhatsApp can't deliver to this customer: no WhatsApp, an old version, or the terms not accepted",
        131030: "The customer's number is not in the test number's list of recipients",
        131031: "WhatsApp has locked this business account",
        131045: "This phone number is not registered with the Cloud API",
        131047: WINDOW_CLOSED,
        131049: "WhatsApp did not deliver, to keep what the customer gets from businesses low",
        131051: "WhatsApp does not take messages of this kind",
        131052: "WhatsApp could not fetch the customer's file",
        131053: "WhatsApp could not take the file",
        131057: "This business account is in maintenance mode at WhatsApp",
        133010: "This phone number is not registered with the Cloud API",
    }
    | dict.fromkeys(range(132000, 132100), "WhatsApp refused the template"),
    window=frozenset({131047}),
    retryable={
        4: 60,
        80007: 60,
        130429: 5,
        131016: 30,
        131048: 3_600,
        131056: 6,
        133016: 60,
    },
    ambiguous=frozenset({1, 2, 131000}),
    token=(range(1), range(3, 4), range(10, 11), range(190, 191), range(200, 300), range(131005, 131006)),
)


def is_window(status: Fields) -> bool:
    """Whether a status says that the customer wrote too long ago."""
    return any(error.whole("code") in ERRORS.window for error in status.items("errors"))


def delivery_words(status: Fields) -> str:
    """Why a status says `failed`, for a manager."""
    error = next(iter(status.items("errors")), Fields({}))
    code = error.whole("code")
    if code is not None and (words := ERRORS.permanent.get(code)):
        return words
    said = error.inner("error_data").text("details") or error.text("message") or error.text("title") or "no reason given"
    return f"WhatsApp could not deliver: {said[:300].rstrip('.')}" + (f" (code {code})" if code is not None else "")
