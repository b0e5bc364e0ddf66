"""Numbers and words in Russian form (числа, проценты, склонение)."""

import re
import unicodedata
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, localcontext
from functools import cache, lru_cache
from itertools import groupby

from babel import Locale
from babel.lists import format_list
from babel.numbers import format_decimal

LOCALE = Locale.parse("ru")
NBSP = "\N{NO-BREAK SPACE}"
NO_DATA = "нет данных"


@cache
def _pattern(digits: int) -> str:
    return "#,##0." + "0" * digits if digits else "#,##0"


@lru_cache(maxsize=10_000)
def format_number(value: float | None, digits: int = 0) -> str:
    """«1 234,5»; missing is «нет данных». Rounds half away from zero, for display only."""
    import pandas as pd  # noqa: PLC0415 -- most of the time of an import; rules and messages are read without it

    if value is None or pd.isna(value):
        return NO_DATA
    with localcontext(rounding=ROUND_HALF_UP):
        text = format_decimal(value, format=_pattern(digits), locale=LOCALE)
    has_digit = any(character in "123456789∞" for character in text)
    return text.replace("-", "\N{MINUS SIGN}" if has_digit else "")


def format_percent(value: float | None, digits: int = 1) -> str:
    """«27,6 %» from 27.6, the sign behind a non-breaking space; missing is «нет данных»."""
    text = format_number(value, digits)
    return text if text == NO_DATA else f"{text}{NBSP}%"


def count_words(number: int, one: str, few: str, many: str) -> str:
    """«1 школа», «3 школы», «5 школ»: the number and the word in the form the number asks for."""
    return f"{format_number(number)}{NBSP}{choose_word(number, one, few, many)}"


def choose_word(number: int, one: str, few: str, many: str) -> str:
    """The form of a word that a whole number asks for, by CLDR's plural rule for Russian."""
    form = LOCALE.plural_form(abs(int(number)))
    return {"one": one, "few": few}.get(form, many)


def join_words(words: Iterable[str]) -> str:
    """«а, б и в»; nothing gives an empty string."""
    return format_list(list(words), locale=LOCALE)


JOINED = re.compile(
    r" (?:(?=%)(?<=[0-9] )|(?=[0-9])(?<=№ )|(?=— )(?<=[\w»)%.,] )|(?=год)(?<=\b[0-9]{4} )"
    r"|(?=[А-ЯЁ])(?<=\b[гспдхА-ЯЁ]\. ))"
)
"""Spaces at which a line must not break: «27,6 %», «№ 5», before a dash, «2023 год», «г. Х», initials."""


def name_spans(years: Iterable[int]) -> list[str]:
    """Years, three and more in a row as one span: «2018», «2020–2022»."""
    known = sorted(set(years))
    runs = [list(run) for _, run in groupby(known, key=lambda year: year - known.index(year))]
    return [name for run in runs for name in ([f"{run[0]}–{run[-1]}"] if len(run) > 2 else map(str, run))]


def set_spaces(text: str) -> str:
    """Text as Russian typesetters have it: no break where the parts belong together. The words stay as they are."""
    return JOINED.sub(NBSP, text)


def quote_title(title: str) -> str:
    """A title in guillemets, quotation marks inside it as „лапки“."""
    return f"«{title.replace('«', '„').replace('»', '“')}»"


_LATIN, _CYRILLIC = "abcehkmoptxyëABCEHKMOPTXYË", "авсенкмортхуёАВСЕНКМОРТХУЁ"
LOOKALIKES = str.maketrans(_LATIN, _CYRILLIC)
"""Latin letters → the Cyrillic ones that they look like, in either case."""


@lru_cache(maxsize=1 << 16)
def fold_lookalikes(text: str) -> str:
    """Text with composed letters (NFC), and Latin letters that look Cyrillic written so in Cyrillic words.

    A word is Cyrillic where it has a letter that no Latin one looks like («COШ»), or more Cyrillic letters than Latin
    ones; words in Latin letters alone, and those with a letter of no Cyrillic look, stay as they are.
    """
    composed = unicodedata.normalize("NFC", text)
    return composed if composed.isascii() else re.sub(r"[^\W\d_]+", lambda word: _fold_word(word[0]), composed)


def _fold_word(word: str) -> str:
    latin = [letter for letter in word if letter in _LATIN]
    cyrillic = [letter for letter in word if "а" <= letter.lower() <= "я" or letter in "ёЁ"]
    if not latin or len(latin) + len(cyrillic) < len(word):
        return word
    is_cyrillic = len(cyrillic) > len(latin) or any(letter not in _CYRILLIC for letter in cyrillic)
    return word.translate(LOOKALIKES) if is_cyrillic else word


_UNSEEN = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202c\u2060-\u206f\ufeff]")
"""Letters that nobody sees: of no width, marks of direction, soft hyphens."""
_UNFIT = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u202d\u202e\ud800-\udfff\ufffe\uffff]")
"""What no text holds: control characters, halves of letters, orders to write what follows backwards."""


def clean_letters(text: str) -> str:
    """A text from outside as a person sees it; what no text holds is «\ufffd»."""
    return text if text.isprintable() else _UNFIT.sub("\ufffd", _UNSEEN.sub("", text))


_QUOTES = re.compile("[\"'«»„“”‘’`‚‹›]")


@lru_cache(maxsize=1 << 16)
def fold_name(text: str) -> str:
    """Form in which names are compared: without case, «ё», decomposed and Latin letters, quotes, dashes."""
    plain = _QUOTES.sub("", unicodedata.normalize("NFC", clean_letters(text))).casefold()
    plain = plain.translate(LOOKALIKES) if re.search("[а-яё]", plain) else plain
    dashed = re.sub(r"\s*[-‐-―−]+\s*", "-", plain.replace("ё", "е"))
    return " ".join(dashed.split())
