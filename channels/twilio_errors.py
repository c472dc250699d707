"""Twilio's error codes: of a send's answer, and of a message that could not be delivered afterwards. Twilio's own words repeat the
customer's number, so managers read ours."""

from collections.abc import Mapping

PERMANENT: Mapping[int, str] = {
    20003: "Twilio refuses the account_sid or the auth_token",
    20404: "Twilio does not know this account",
    21211: "The customer's number is not valid",
    21212: "from_number is not valid",
    21408: "The Twilio account may not send to that country",
    21606: "from_number can't send messages",
    21608: "A trial account sends to verified numbers only",
    21609: "Twilio can't use FRONTDESK_PUBLIC_URL for its reports",
    21610: "The customer has answered STOP",
    21612: "from_number can't reach the customer's number",
    21614: "The customer's number is not a mobile number",
    21617: "The text is too long for Twilio",
    21659: "from_number does not belong to the Twilio account",
    21703: "The messaging service has no number to send from",
    30003: "The customer's telephone can't be reached",
    30004: "The customer's network has blocked the message",
    30005: "The customer's number does not exist",
    30006: "The customer's number is a landline, or can't be reached",
    30007: "The network has filtered the message as unwanted",
    30008: "The network did not say why it was not delivered",
    63003: "The customer has no WhatsApp at this number",
    63007: "from_number is no WhatsApp sender of the Twilio account",
    63016: "More than 24 hours have passed since the customer last wrote: WhatsApp lets only a template through now",
    63024: "WhatsApp does not take this receiver",
    63032: "WhatsApp does not let this customer get the message",
    63038: "The Twilio account's daily limit is reached",
}
"""Code to what a manager reads."""

WINDOW = 63016
"""The customer wrote too long ago."""

RETRYABLE: Mapping[int, float] = {14107: 60, 20429: 1, 63018: 10, 63047: 60}
"""Code to the seconds to wait. Documented as never processed."""


def words_for(code: int | None) -> str:
    """Why a message failed."""
    if code is None:
        return "Twilio could not deliver the message and gave no reason"
    return PERMANENT.get(code, f"Twilio could not deliver the message (error {code})")
