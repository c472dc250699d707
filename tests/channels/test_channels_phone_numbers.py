"""One subscriber, two spellings: Brazil, Argentina and Mexico; and what a country says of the language."""

import pytest

from channels.phone_numbers import language_of, language_of_country, other_spellings


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("5511987654321", "551187654321"),
        ("+5511987654321", "+551187654321"),
        ("5493415550101", "543415550101"),
        ("5215512345678", "525512345678"),
    ],
)
def test_both_spellings_lead_to_each_other(one: str, other: str) -> None:
    assert other_spellings(one) == (other,)
    assert other_spellings(other) == (one,)


@pytest.mark.parametrize("number", ["551132345678", "34612345678", "+15005550006", "AR.7700112233445566", "", "customer-7"])
def test_other_numbers_have_one_spelling(number: str) -> None:
    """A Brazilian land line among them: it never gets a ninth digit."""
    assert other_spellings(number) == ()


@pytest.mark.parametrize(
    ("number", "language"),
    [("5511987654321", "pt"), ("+5493415550101", "es"), ("34612345678", "es"), ("4915112345678", "de"), ("41791234567", ""), ("x", "")],
)
def test_a_number_suggests_its_countrys_language(number: str, language: str) -> None:
    assert language_of(number) == language


def test_a_country_with_several_languages_suggests_none() -> None:
    assert (language_of_country("br"), language_of_country("CA"), language_of_country("")) == ("pt", "", "")
