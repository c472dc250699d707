"""What a market place takes for contact data, and what it does not."""

import pytest

from domain.contact_data import ContactKind, contact_data, without_contact_data


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("+56 9 8765 4321", ContactKind.PHONE),
        ("llamanos al 011 4555 1234", ContactKind.PHONE),
        ("tel (11) 98765-4321", ContactKind.PHONE),
        ("Tel.: 4555-1234", ContactKind.PHONE),
        ("ana.perez+web@shop.example", ContactKind.EMAIL),
        ("ana arroba shop punto com", ContactKind.EMAIL),
        ("ana (at) shop (dot) com", ContactKind.EMAIL),
        ("https://shop.example/a?b=c", ContactKind.LINK),
        ("www.farohilo.cl", ContactKind.LINK),
        ("farohilo.com.ar/ayuda", ContactKind.LINK),
        ("wa.me/56987654321", ContactKind.LINK),
        ("seguinos en @faro_hilo", ContactKind.HANDLE),
        ("escribinos por WhatsApp", ContactKind.HANDLE),
        ("Instagram: faro.hilo", ContactKind.HANDLE),
    ],
)
def test_contact_data_is_found(text: str, kind: ContactKind) -> None:
    assert kind in {one.kind for one in contact_data(text)}


@pytest.mark.parametrize(
    "text",
    [
        "Cuesta $ 1.299.000 en 12 cuotas de 108.250.",
        "El pedido 2000001234567890 llega el 2026-11-25 entre 9:00 y 18:00.",
        "Modelo SM-G991B, código 7790001234567, 120 x 60 x 45 cm, 220-240 V 50/60 Hz.",
        "Talles 36 37 38 39 40 41 42",
        "Es compatible con WhatsApp y con iPhone 13.",
        "Mirá articulo.mercadolibre.com.ar/MLA-123 y https://www.mercadolivre.com.br/ajuda",
        "Pesa 1.5kg. No.de serie requerido.",
        "Devolución gratis hasta el 25/12/2026.",
    ],
)
def test_prices_dates_sizes_and_the_platforms_own_pages_are_none(text: str) -> None:
    assert contact_data(text) == ()
    assert without_contact_data(text) == text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Yes, we ship to Chile. Call +56 9 8765 4321 for details.", "Yes, we ship to Chile."),
        ("Sí, enviamos a Chile (ver https://shop.example/a).", "Sí, enviamos a Chile."),
        ("See [our page](https://x.example/y) for sizes.", "See our page for sizes."),
        ("Hours: 9 to 18.\n• Pick-up\n• Tel.: 4555-1234", "Hours: 9 to 18.\n• Pick-up"),
        ("More: https://shop.example", ""),
    ],
)
def test_the_sentences_that_hold_it_are_taken_out(text: str, left: str) -> None:
    assert without_contact_data(text) == left
    assert contact_data(left) == ()
