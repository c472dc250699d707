"""The error tree. Whoever raises one names what was wrong and what to do next; no message holds a secret or a customer's text.

FrontdeskError
 ├─ NotFound                 something named by an id does not exist
 ├─ Conflict                 the same id came with another content, or somebody was faster
 ├─ InvalidInput             what was given can't be read; says what and how to mend it
 │   └─ UnreadableDocument   a document can't be imported (encrypted, empty, scanned, damaged)
 ├─ AuthenticityError        a webhook or visitor could not prove who it is
 ├─ PermissionDenied         the person is known but may not do this
 ├─ TooManyAttempts          throttled; says when to try again
 ├─ EngineUnavailable        the Temporal service can't be reached; the caller must try again
 ├─ AssistantFailed          the language model gave no usable answer
 ├─ MediaNotFetched          a customer's file could not be had from its vendor
 ├─ VendorFailed             a channel's vendor could not be asked, or refused
 └─ NotTold                  a notice could not be handed to the mail relay or the SMS service
"""


class FrontdeskError(Exception):
    """Ancestor of every error that a person or a program outside may meet."""


class NotFound(FrontdeskError):
    """Something named by an id does not exist."""


class Conflict(FrontdeskError):
    """The same id came with another content, or somebody was faster."""


class InvalidInput(FrontdeskError):
    """What was given can't be read; the message says what was wrong and how to mend it."""


class UnreadableDocument(InvalidInput):
    """A document can't be imported."""


class AuthenticityError(FrontdeskError):
    """A webhook or a visitor could not prove who it is. `missing` tells absent proof (401) from wrong proof (403)."""

    def __init__(self, message: str, *, missing: bool = False) -> None:
        super().__init__(message)
        self.missing = missing


class PermissionDenied(FrontdeskError):
    """The person is known but may not do this."""


class TooManyAttempts(FrontdeskError):
    """Throttled. `retry_after` is in seconds."""

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class EngineUnavailable(FrontdeskError):
    """The Temporal service can't be reached; nothing was accepted, the caller must try again."""


class AssistantFailed(FrontdeskError):
    """The language model gave no usable answer. `retryable` is a fact of the failure, not a policy; `retry_after` is in seconds."""

    def __init__(self, message: str, *, retryable: bool, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.retry_after = retry_after


class VendorFailed(FrontdeskError):
    """A channel's vendor could not be asked, or refused; the message says which and what to do."""


class MediaNotFetched(FrontdeskError):
    """A customer's file could not be had. `retryable` is a fact of the failure; the message holds no address."""

    def __init__(self, message: str, *, retryable: bool) -> None:
        super().__init__(message)
        self.retryable = retryable


class NotTold(FrontdeskError):
    """A notice to a manager could not be handed over. `retryable` is a fact of the failure; `retry_after` is in seconds."""

    def __init__(self, message: str, *, retryable: bool, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.retry_after = retry_after
