"""What may be repeated of people (персональные данные): of a pupil's row, and of the names of files and sheets."""

import re
from hashlib import sha256

from effschool.base.russian import clean_letters

HIDDEN = "(не показано)"
"""Instead of a cell of a file of pupils: in a shifted row it may be a name or a document."""
_SAFE = re.compile(r"|[-+]?\d[\d-]{0,7}([.,]\d{1,2})?[*+%]?|[^\w\s]{1,3}")

_WORD, _GAP = r"[А-ЯЁ][а-яё]+(?:-[А-ЯЁ][а-яё]+)?", r"[ _]+"
_INITIALS = r"[А-ЯЁ](?:\.[ _]?|[ _])[А-ЯЁ](?:\.|(?![а-яёА-ЯЁ]))"
_PATRONYMIC = r"[А-ЯЁ][а-яё]+(?:[оеё]вич|ьич|[оеё]вна|ична|инична)а?"
_PERSON = re.compile(
    rf"(?<![а-яёА-ЯЁ])(?<!им[. ])(?<!им\. )(?<!имени )(?:(?:{_WORD}{_GAP}){{0,2}}{_PATRONYMIC}(?:{_GAP}{_WORD})?"
    rf"|{_WORD}{_GAP}{_INITIALS}|{_INITIALS}[ _]?{_WORD})(?![а-яёА-ЯЁ])"
    r"|(?<!\d)(?:\d{3}[-_ ]\d{3}[-_ ]\d{3}[-_ ]?\d\d|\d{11}|\d{4}[-_ ]\d{6}|\d\d \d\d \d{6})(?!\d)"
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
)
"""Surname with initials or first name and patronymic, СНИЛС, passport, address; but «лицей им. А. С. Пушкина»."""


def hide_cell(text: str) -> str:
    """What a message may repeat of a file of pupils: a mark, a score, a code of a school; of anything else nothing."""
    return text if _SAFE.fullmatch(text) else HIDDEN


def is_code(text: str) -> bool:
    """Whether it may be the code of a school: one word with a digit, no document of a person."""
    return bool(re.fullmatch(r"[\w./-]*\d[\w./-]*", text)) and not _PERSON.search(text)


def hide_names(text: str) -> str:
    """Name of a file or sheet without what looks like a person's name or document: «ЕГЭ (скрыто 3f2).xlsx».

    Different names stay different but for one case in 4,096; so short a digest fits too many names to tell any.
    """
    return _PERSON.sub(lambda found: f"(скрыто {sha256(found[0].encode()).hexdigest()[:3]})", clean_letters(text))
