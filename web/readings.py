"""What a language model made of a turn, in words for managers."""

from domain.knowledge import ModelUse, Reading, ReadingOutcome

_OUTCOMES = {
    ReadingOutcome.ANSWERED: "Answered from the passages",
    ReadingOutcome.NO_ANSWER: "Found no answer in the passages",
    ReadingOutcome.UNSUPPORTED: "Its answer did not pass the checks",
    ReadingOutcome.REFUTED: "Its answer did not pass the second look",
    ReadingOutcome.NOT_READ: "Nothing near enough was found to be read",
    ReadingOutcome.FAILED: "Gave no usable reply",
}


def reading_words(reading: Reading) -> str:
    """How it ended, and why where the detail says more than the outcome."""
    words = _OUTCOMES[reading.outcome]
    tells = reading.outcome in (ReadingOutcome.ANSWERED, ReadingOutcome.UNSUPPORTED, ReadingOutcome.FAILED)
    detail = reading.detail.removeprefix("The language model's answer was refused: ")
    return f"{words}: {detail}" if tells and detail else words


def use_words(use: ModelUse) -> str:
    """`1.4 s, 1,204 tokens read, 61 written, cost 0.0007`."""
    parts = [f"{use.latency_ms / 1000:.1f} s"]
    if use.input_tokens is not None:
        parts.append(f"{use.input_tokens:,} tokens read")
    if use.output_tokens is not None:
        parts.append(f"{use.output_tokens:,} written")
    if use.cost is not None:
        parts.append(f"cost {use.cost:.4f}" if use.cost >= 0.0001 or use.cost == 0 else "cost below 0.0001")
    return ", ".join(parts)
