"""Telephone numbers as messaging channels write them: other spellings of one number, and the language its country suggests."""

import re

import phonenumbers

_BRAZIL = re.compile(r"55(\d{2})(9?)(\d{8})")
"""Mobile numbers got a ninth digit, 9, in front; WhatsApp knows many people by the eight digits they registered with."""
_ARGENTINA = re.compile(r"54(9?)(\d{10})")
"""Dialled from abroad a mobile number has a 9 behind the country code; in some places it is left out."""
_MEXICO = re.compile(r"52(1?)(\d{10})")
"""Until 2019 a mobile number had a 1 behind the country code; WhatsApp keeps it for old accounts."""

_LANGUAGES = {
    **dict.fromkeys(
        ["AR", "BO", "CL", "CO", "CR", "CU", "DO", "EC", "ES", "GT", "HN", "MX", "NI", "PA", "PE", "PY", "SV", "UY", "VE"], "es"
    ),
    **dict.fromkeys(["BR", "PT", "AO", "MZ"], "pt"),
    **dict.fromkeys(["US", "GB", "IE", "AU", "NZ"], "en"),
    **dict.fromkeys(["DE", "AT"], "de"),
    "FR": "fr",
    "IT": "it",
}
"""Where one of our languages is spoken by nearly everybody; elsewhere the country says nothing."""


def other_spellings(number: str) -> tuple[str, ...]:
    """The same subscriber's number with and without the digit that Brazil, Argentina and Mexico add; in the same style as given (with
    `+` or without). Empty for numbers of other countries."""
    plus, plain = ("+", number[1:]) if number.startswith("+") else ("", number)
    if found := _BRAZIL.fullmatch(plain):
        area, nine, rest = found.groups()
        # Without the ninth digit only numbers from 6 up are mobile; others are land lines and have no second spelling.
        return (f"{plus}55{area}{'' if nine else '9'}{rest}",) if nine or rest[0] in "6789" else ()
    for country, pattern, digit in (("54", _ARGENTINA, "9"), ("52", _MEXICO, "1")):
        if found := pattern.fullmatch(plain):
            return (f"{plus}{country}{'' if found[1] else digit}{found[2]}",)
    return ()


def language_of(number: str) -> str:
    """The language that the number's country suggests, as a hint for a first message; empty where it suggests none."""
    try:
        parsed = phonenumbers.parse(number if number.startswith("+") else f"+{number}", None)
    except phonenumbers.NumberParseException:
        return ""
    return language_of_country(phonenumbers.region_code_for_number(parsed) or "")


def language_of_country(code: str) -> str:
    """By ISO 3166 code."""
    return _LANGUAGES.get(code.upper(), "")
