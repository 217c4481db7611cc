"""What says who somebody is leaves a text; what the company says about itself stays (G3)."""

from __future__ import annotations

import pytest

from reports import masking

M = masking.MASK


@pytest.mark.parametrize(
    ("written", "of_a_customer", "own"),
    [
        ("Mail anna.de-vries+x@voorbeeld.nl", f"Mail {M}", f"Mail {M}"),
        ("Bel 06-12345678, +31 6 1234 5678 of 020 123 45 67", f"Bel {M}, {M} of {M}", f"Bel {M}, {M} of {M}"),
        ("Naar NL91 ABNA 0417 1643 00 of NL91ABNA0417164300", f"Naar {M} of {M}", f"Naar {M} of {M}"),
        ("BSN 111222333, order 111222334", f"BSN {M}, order {M}", f"BSN {M}, order 111222334"),
        ("Beste Anna van der Berg, dank!", f"Beste {M}, dank!", None),
        ("Met dank aan mevrouw J. de Vries-Smit uit Utrecht", f"Met dank aan mevrouw {M} uit Utrecht", None),
        ("Regards, Pete O'Neill", f"Regards, {M}", None),
        ("I am Anna Bakker, 1234 AB, born 01-02-1980", f"I am {M}, {M}, born {M}", None),
        ("Zie www.facebook.com/anna of @anna_b", f"Zie {M} of {M}", None),
        ("In 2025 kocht ik 12 zakken van 250 gram", None, None),
        ("Revenue rose from 1.250.000 to 1.310.500 (4.8%)", f"Revenue rose from {M} to {M} (4.8%)", None),
        ("Ik ben blij met de koffie van De Linde", None, None),
    ],
)
def test_g3_a_text_loses_what_says_who_somebody_is(written: str, of_a_customer: str | None, own: str | None) -> None:
    assert masking.customers_words(written) == (of_a_customer or written)
    assert masking.own_words(written) == (own or written)
