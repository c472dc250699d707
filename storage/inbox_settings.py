"""Reads what `--set NAME=VALUE` gives: a channel's own settings, and the policy's fields, told apart by name."""

import json
import secrets
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from domain.caution import THRESHOLDS, Caution
from domain.channels import ChannelFeatures
from domain.errors import InvalidInput
from domain.ladder import Rung
from domain.policy import LINE_NAME, Policy

GENERATED = frozenset({"secret", "webhook_secret", "path_secret", "verify_token"})
"""Settings that only have to be unguessable: drawn when a channel has one and nobody gave it."""

_NONE_WORDS = frozenset({"", "none", "never", "off"})
_LISTS = frozenset({"keywords", "languages", "documents"})
CAUTION = "caution"
"""The threshold in a word; what is stored is the figure."""
POLICY_NAMES = tuple(name for name in Policy.model_fields if name != "lines")
"""Names of every inbox; besides, each fixed line with a language behind it (`holding_line_es`)."""
_MAY_BE_NONE = frozenset(
    {
        "away_return_minutes",
        "first_reply_minutes",
        "keep_idle_minutes",
        "next_reply_minutes",
        "window_reminder_minutes",
        *(f"notify_{rung.value}_after_minutes" for rung in Rung),
    }
)


def split(settings: Mapping[str, str], features: ChannelFeatures) -> tuple[dict[str, str], dict[str, str]]:
    """(the channel's, the policy's). Raises InvalidInput naming the unknown ones and listing the valid."""
    known = {*features.settings, *POLICY_NAMES, CAUTION}
    unknown = sorted(name for name in settings if name not in known and not LINE_NAME.fullmatch(name))
    if unknown:
        raise InvalidInput(
            f"{features.label} has no setting {', '.join(unknown)}. Its own are: {', '.join(features.settings) or 'none'}. "
            f"Of every inbox: {', '.join(POLICY_NAMES)}; a line for one language: holding_line_es and so on"
        )
    own = {name: value.strip() for name, value in settings.items() if name in features.settings}
    return own, {name: value for name, value in settings.items() if name not in features.settings}


def changed_policy(policy: Policy, settings: Mapping[str, str]) -> Policy:
    """Raises InvalidInput saying which value can't be used and why."""
    if CAUTION in settings:
        settings = {**settings, "answer_threshold": str(_threshold(settings[CAUTION]))}
        del settings[CAUTION]
    given: dict[str, Any] = {name: _policy_value(name, value) for name, value in settings.items() if not LINE_NAME.fullmatch(name)}
    lines = {**policy.lines, **{name: value for name, value in settings.items() if LINE_NAME.fullmatch(name)}}
    given["lines"] = {name: value for name, value in lines.items() if value.strip()}
    try:
        return Policy.model_validate({**policy.model_dump(), **given})
    except ValidationError as error:
        problems = "; ".join(f"{problem['loc'][0]}: {problem['msg']}" for problem in error.errors(include_input=False))
        raise InvalidInput(f"The policy can't be set so: {problems}") from error


def _threshold(word: str) -> float:
    try:
        return THRESHOLDS[Caution(word.strip().lower())].threshold
    except ValueError as error:
        raise InvalidInput(f"caution: choose one of {', '.join(Caution)}, or set answer_threshold to a figure of your own") from error


def _policy_value(name: str, value: str) -> Any:
    if name in _LISTS:
        return _words(name, value)
    if name in _MAY_BE_NONE and value.strip().lower() in _NONE_WORDS:
        return None
    return value


def _words(name: str, value: str) -> list[str]:
    """A JSON list, or words between commas."""
    if not value.lstrip().startswith("["):
        return [word for part in value.split(",") if (word := part.strip())]
    try:
        words = json.loads(value)
    except ValueError as error:
        raise InvalidInput(f"{name}: give words between commas, or a JSON list of strings") from error
    if not all(isinstance(word, str) for word in words):
        raise InvalidInput(f"{name}: give words between commas, or a JSON list of strings")
    return [word.strip() for word in words if word.strip()]


def complete(own: Mapping[str, str], features: ChannelFeatures) -> dict[str, str]:
    """The channel's settings without empty ones and with what is drawn. Raises InvalidInput naming what is missing."""
    full = {name: value for name, value in own.items() if value}
    for name in features.settings:
        if name in GENERATED and name not in full:
            full[name] = secrets.token_urlsafe(32)
    missing = [name for name in features.required_settings if name not in full]
    if missing:
        raise InvalidInput(f"{features.label} needs {', '.join(missing)}; its settings are: {', '.join(features.settings)}")
    return full
