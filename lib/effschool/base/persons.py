"""What may be repeated of people (персональные данные): of a pupil's row, and of the names of files and sheets."""

import re
from functools import cache, cached_property
from hashlib import sha256
from pathlib import Path

from effschool.base.configuration import Frozen, Words, read_rules
from effschool.base.russian import clean_letters

HIDDEN = "(не показано)"
"""Instead of a cell of a file of pupils: in a shifted row it may be a name or a document."""
RULES = Path(__file__).with_suffix(".yml")


class Persons(Frozen):
    """All of persons.yml: regular expressions; in `persons` other fields are named: `{word}`, `{surname}`, `{other}`.

    Args:
        cell, code: the whole of a cell that may be shown, and of the code of a school.
        persons, documents: found anywhere in a name.
        named_after: what before a name makes it that of a school.
        word, surname: a word that begins with a capital, and one in any letters that ends like a surname.
        not_surnames: words that letters may follow which are no initials, or first names.
        places: letters after a word that are no initials but a kind of place.
        first_names: what beside makes a word a surname.
    """

    cell: str
    code: str
    persons: tuple[str, ...]
    word: str
    not_surnames: tuple[str, ...]
    surname: str
    places: str
    first_names: tuple[str, ...]
    named_after: tuple[str, ...]
    documents: tuple[str, ...]
    source: Words

    @cached_property
    def shown(self) -> re.Pattern[str]:
        """The whole of what a message may repeat of a file of pupils."""
        return re.compile(self.cell)

    @cached_property
    def codes(self) -> re.Pattern[str]:
        """The whole of a code of a school."""
        return re.compile(self.code)

    @cached_property
    def hidden(self) -> re.Pattern[str]:
        """A person or a document."""
        before = "".join(f"(?<!{words})" for words in self.named_after)
        parts = {"word": self.word, "surname": self.surname, "places": self.places}
        parts |= {"other": "|".join(self.not_surnames), "first": f"(?:{'|'.join(self.first_names)})"}
        named = "|".join(self.persons)
        for name, part in parts.items():
            named = named.replace(f"{{{name}}}", part)
        return re.compile("|".join([rf"(?<![а-яёА-ЯЁ]){before}(?:{named})(?![а-яёА-ЯЁ])", *self.documents]))

    @cached_property
    def surnames(self) -> re.Pattern[str]:
        """The whole of a word that ends like a surname or is a first name, in any letters."""
        return re.compile("|".join([self.surname, *self.first_names]), re.IGNORECASE)


@cache
def load_persons() -> Persons:
    """The rules of persons.yml."""
    return read_rules(Persons, RULES, "правил о персональных данных")


def hide_cell(text: str) -> str:
    """What a message may repeat of a file of pupils: a mark, a score, a code of a school; of anything else nothing."""
    return text if load_persons().shown.fullmatch(text) else HIDDEN


def may_name(word: str, *, begins: bool) -> bool:
    """Whether an unknown word of a heading may be a person's name: it ends like one, or has an undue capital.

    Args:
        begins: whether the heading begins with it.
    """
    rules = load_persons()
    if word.capitalize() in rules.not_surnames:
        return False
    return bool(rules.surnames.fullmatch(word)) or (not begins and word[:1].isupper() and not word.isupper())


def is_code(text: str) -> bool:
    """Whether it may be the code of a school: one word with a digit, no document of a person."""
    rules = load_persons()
    return rules.codes.fullmatch(text) is not None and not rules.hidden.search(text)


def hide_names(text: str) -> str:
    """Name of a file or sheet without what looks like a person's name or document: «ЕГЭ (скрыто 3f2).xlsx».

    Different names stay different but for one case in 4,096; so short a digest fits too many names to tell any.
    """
    hidden = load_persons().hidden
    return hidden.sub(
        lambda found: f"(скрыто {sha256(found[0].encode()).hexdigest()[:3]})",
        clean_letters(text).replace("\N{NO-BREAK SPACE}", " "),
    )
