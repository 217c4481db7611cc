"""Finds in a text what says who somebody is: the one list of patterns, for quotes, notes and logs alike.

Nothing is looked up. A pattern may hide a number that was innocent; the text stays readable.
"""

from __future__ import annotations

import re
from collections.abc import Callable

MASK = "[…]"
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")
_PHONE = re.compile(r"(?<![\w.,-])(?:(?:\+|00)[1-9]\d{0,2}[ .-]?(?:\(0\))?|0)[ -]?[1-9](?:[ -]?\d){7,9}(?![\w]|[.,]\d)")
_NINE_DIGITS = re.compile(r"(?<![\w.,])\d{9}(?![\w]|[.,]\d)")
_PARTICLES = r"(?:(?:van|de|der|den|het|ten|ter|te|von|el|al|'t)\s+)*"
# What only a customer's words are searched for: in the company's own, a number is a figure.
_OF_A_CUSTOMER = re.compile(
    r"""(?:https?://|www\.)\S+                                    # web address
    |(?:\+|\b00|\b0)\d(?:[ \-/.()]?\d){7,12}                     # telephone, however it is written
    |\b\d{4}[ ]?[A-Z]{2}\b                                     # Dutch postcode
    |\b\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)\d{2}\b              # a day, such as one of birth
    |\b\d(?:[ .-]?\d){5,}\b                                      # order, customer or account number
    |(?<!\w)@\w{2,}                                              # account name
    """,
    re.VERBOSE,
)
# A name is known by what stands before it: how somebody is addressed, or how a message ends.
_ADDRESSED = re.compile(
    rf"""(\b(?:de[ ]heer|[Mm]eneer|[Mm]evrouw|[Mm]evr\.?|[Dd]hr\.?|[Dd]rs\.?|[Dd]r\.?|[Ii]r\.?|Mr\.?|Mrs\.?|Ms\.?|Miss
        |[Ii]k[ ]ben|[Bb]este|[Gg]eachte
        |[Ll]ieve|[Hh]allo|[Hh]oi|[Dd]ag|[Dd]ear|[Hh]ello|[Hh]i|[Dd]ank(?:jewel)?|[Bb]edankt|[Tt]hanks
        |[Gg]roet(?:en|jes)?|[Rr]egards|[Ss]incerely|[Mm]vg|[Ii]k[ ]heet|I[ ]am|I'm|[Mm]y[ ]name[ ]is|[Nn]aam[ ]is)
    [,:]?\s+)
    ((?:[A-Z]\.\s?)*{_PARTICLES}[A-Z][\w'’-]+(?:\s+{_PARTICLES}[A-Z][\w'’-]+)*)""",
    re.VERBOSE,
)


def identifiers(text: str, hidden: Callable[[str], str] | None = None) -> str:
    """A text without bank accounts, telephone numbers and citizen service numbers.

    `hidden` says what stands in the place of each; without it that is `MASK`.
    """
    hide = hidden or (lambda _: MASK)
    text = _IBAN.sub(lambda found: hide(found[0]), text)
    text = _PHONE.sub(lambda found: hide(found[0]), text)
    return _NINE_DIGITS.sub(lambda found: hide(found[0]) if _is_citizen(found[0]) else found[0], text)


def own_words(text: str) -> str:
    """What the company itself writes, without mail addresses and numbers that belong to a person."""
    return identifiers(_MAIL.sub(MASK, text))


def customers_words(text: str) -> str:
    """What a customer wrote, without whatever may say who wrote it: also names, postcodes and numbers of orders."""
    text = own_words(text)
    text = _ADDRESSED.sub(lambda found: found[1] + MASK, text)
    return _OF_A_CUSTOMER.sub(MASK, text)


def _is_citizen(digits: str) -> bool:
    """The test of eleven, which a Dutch citizen service number passes."""
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    return sum(weight * int(digit) for weight, digit in zip(weights, digits, strict=True)) % 11 == 0
