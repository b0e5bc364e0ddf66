"""Names of schools matched to codes (сличение названий), only for rows that have no code.

A name is taken apart by rules that are data (`layouts/names/schools.yml`): the number, which must agree exactly, the
kind (СОШ, гимназия), the kind of place (г., с.) and the words that are left. Candidates are the schools of the same
municipality and year. The score, 0 to 100, is the likeness of the least alike pair of words less penalties; a pair that
is not certain goes to a workbook for a person, whose answer comes back as `names_confirmed.xlsx`.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Self

import pandas as pd
from pydantic import Field, model_validator
from rapidfuzz.distance import OSA

from effschool.base.configuration import Frozen, RuleError, Words, read_rules
from effschool.base.problems import Problem, Severity
from effschool.base.russian import LOOKALIKES
from effschool.intake.conversion import clean_codes, clean_text
from effschool.intake.layouts import simplify_text
from effschool.intake.workbooks import read_first_sheet

EXACT, SURE, DOUBTFUL = "точно", "уверенно", "сомнительно"
NOT_FOUND, CONFIRMED, REFUSED = "не найдено", "подтверждено", "отклонено"
HEADINGS = {
    "year": "Год",
    "municipality": "Муниципалитет",
    "name": "Название в файле",
    "school_id": "Код ОО",
    "registered": "Название в реестре",
    "score": "Сходство, 0…100",
    "answer": "Это одна школа? (да, нет)",
}
YES, NO = "да", "нет"

_MARKED_NUMBER = re.compile(r"(?:№|#|\bn[o°º]?\b|\bn(?=\d)|\bномер\b)[\s.]*(\d+[а-я]?)\b")
_BARE_NUMBER = re.compile(r"(?<![\w-])(\d{1,4}[а-я]?)\b(?!\s*-?\s*(?:лет|й|го))")
_Points = Annotated[float, Field(ge=0, le=100)]
_KEY = ["year", "area", "plain"]


class Cuts(Frozen):
    """What is accepted and what is asked; likeness in points of 100."""

    accept: _Points
    doubtful: _Points
    distance: _Points
    shown: int = Field(ge=1)


class Penalties(Frozen):
    """Points taken off for each difference."""

    number_missing: _Points
    kind_missing: _Points
    kind_differs: _Points
    place_differs: _Points
    extra_word: _Points
    no_words: _Points
    ending: _Points


class MunicipalityRules(Frozen):
    """Words that say nothing in a municipality's name, and endings put into the nominative."""

    idle: frozenset[Words]
    endings: dict[Words, Words]


class NameRules(Frozen):
    """How names are taken apart and compared (правила сличения)."""

    title: Words
    source: Words
    cuts: Cuts
    penalties: Penalties
    dropped: tuple[Words, ...]
    kinds: dict[Words, Words]
    idle: frozenset[Words]
    places: dict[Words, frozenset[Words]]
    stem: int = Field(ge=1)
    endings: tuple[Words, ...]
    municipality: MunicipalityRules

    @model_validator(mode="after")
    def _check_rules(self) -> Self:
        patterns: list[tuple[str, str | int, str]] = [
            ("dropped", place, text) for place, text in enumerate(self.dropped)
        ]
        for key, place, pattern in [*patterns, *(("kinds", kind, text) for kind, text in self.kinds.items())]:
            try:
                re.compile(pattern)
            except re.error:
                raise RuleError("ожидалось регулярное выражение", key, place) from None
        if self.cuts.doubtful > self.cuts.accept:
            raise RuleError("ожидалось число не больше accept", "cuts", "doubtful")
        return self


@dataclass(frozen=True)
class ParsedName:
    """A name taken apart; "" where there is no number, kind or kind of place."""

    number: str
    kind: str
    place: str
    words: tuple[str, ...]


def load_name_rules(path: Path) -> NameRules:
    """Read the rules.

    Raises:
        ConfigurationError: no such file, not YAML, or a rule in it is wrong; every fault is named with its line.
    """
    return read_rules(NameRules, path, "правил сличения")


def simplify_name(text: str) -> str:
    """Lower case, «ё» as «е», quotes dropped; Latin letters that look Cyrillic are, in words that have no others."""
    plain = re.sub(r"[\"'«»„“”‘’`‚‹›]", " ", simplify_text(unicodedata.normalize("NFC", text)))
    return " ".join(re.sub(r"[^\W\d_]+", lambda word: _write_cyrillic(word[0]), plain).split())


def _write_cyrillic(word: str) -> str:
    written = word.translate(LOOKALIKES)
    return word if re.search("[a-z]", written) else written


def parse_name(text: str, rules: NameRules) -> ParsedName:
    """A name of a school taken apart.

    «МБОУ СОШ № 5 с. Яшмовка» is number 5, kind «сош», place «село», words «яшмовка».
    """
    plain = simplify_name(text)
    found = _MARKED_NUMBER.search(plain) or _BARE_NUMBER.search(plain)
    number = found[1].lstrip("0") if found else ""
    plain = plain[: found.start()] + " " + plain[found.end() :] if found else plain
    for pattern in rules.dropped:
        plain = " ".join(re.sub(pattern, " ", plain).split())
    kinds = [(kind, re.search(pattern, plain)) for kind, pattern in rules.kinds.items()]
    kind, match = next(((kind, match) for kind, match in kinds if match), ("", None))
    plain = plain[: match.start()] + " " + plain[match.end() :] if match else plain
    words = [word for word in re.findall(r"[\w/-]+", plain) if word not in rules.idle]
    places = {word: place for place, spellings in rules.places.items() for word in spellings}
    place = next((places[word] for word in words if word in places), "")
    return ParsedName(number, kind, place, tuple(sorted(word for word in words if word not in places)))


def simplify_municipality(text: str, rules: NameRules) -> str:
    """«Город Яшмовск», «городской округ "Яшмовск"» are one, «Яшмовский район» another."""
    words = [word for word in re.findall(r"[\w-]+", simplify_name(text)) if word not in rules.municipality.idle]
    return " ".join(sorted(_put_nominative(word, rules.municipality.endings) for word in words))


def _put_nominative(word: str, endings: dict[str, str]) -> str:
    ending = next((ending for ending in sorted(endings, key=len, reverse=True) if word.endswith(ending)), "")
    return word.removesuffix(ending) + endings[ending] if ending else word


def score_names(one: ParsedName, other: ParsedName, rules: NameRules) -> float:
    """Likeness of two names of one municipality, 0…100; 0 where their numbers differ."""
    if one.number and other.number and one.number != other.number:
        return 0.0
    off = rules.penalties
    score = _score_words(one.words, other.words, rules)
    if not (one.words and other.words):
        score = 100 - off.no_words if one.number and other.number else 0.0
    score -= off.extra_word * abs(len(one.words) - len(other.words))
    score -= off.number_missing * (bool(one.number) != bool(other.number))
    score -= off.kind_missing * (bool(one.kind) != bool(other.kind))
    score -= off.kind_differs * (bool(one.kind) and bool(other.kind) and one.kind != other.kind)
    score -= off.place_differs * (bool(one.place) and bool(other.place) and one.place != other.place)
    return max(score, 0.0)


def _score_words(one: tuple[str, ...], other: tuple[str, ...], rules: NameRules) -> float:
    short, long = sorted((one, other), key=len)
    return min((max(_score_word(word, near, rules) for near in long) for word in short), default=0.0)


def _score_word(one: str, other: str, rules: NameRules) -> float:
    whole = 100 * OSA.normalized_similarity(one, other)
    stems = (_stem(one, rules), _stem(other, rules))
    return max(whole, 100 - rules.penalties.ending) if stems[0] == stems[1] else whole


def _stem(word: str, rules: NameRules) -> str:
    fitting = [e for e in rules.endings if word.endswith(e) and len(word) - len(e) >= rules.stem]
    return word.removesuffix(max(fitting, key=len, default=""))


def match_names(
    wanted: pd.DataFrame, register: pd.DataFrame, confirmed: pd.DataFrame, rules: NameRules
) -> pd.DataFrame:
    """Codes of schools that are known by name only.

    Args:
        wanted: year, municipality, name, as a file has them.
        register: a row per school and year: year, school_id, name, municipality.
        confirmed: answers of a person: year, municipality, name, school_id, answer («да», «нет»).
        rules: the rules.

    Returns:
        A row per row of `wanted`, on its index: its columns, school_id (missing where not certain), candidate (code of
        the most alike school), score and status.
    """
    pairs = score_pairs(wanted, register, confirmed, rules)
    decided = pd.DataFrame([_decide(same, rules) for _, same in pairs.groupby(_KEY, sort=False)], columns=_DECIDED)
    keys = _add_keys(wanted[["year", "municipality", "name"]], rules)
    types = {"school_id": "str", "candidate": "str", "score": "float64", "status": "str"}
    found = keys.merge(decided.astype(types), on=_KEY, how="left", validate="m:1").set_axis(wanted.index)
    return wanted.assign(**{name: found[name] for name in types}).fillna({"status": NOT_FOUND})


_DECIDED = [*_KEY, "school_id", "candidate", "score", "status"]


def score_pairs(
    wanted: pd.DataFrame, register: pd.DataFrame, confirmed: pd.DataFrame, rules: NameRules
) -> pd.DataFrame:
    """A row per wanted name and school of its municipality and year: score, is_equal, answer, the most alike first."""
    names = _add_keys(wanted[["year", "municipality", "name"]], rules).drop_duplicates(_KEY)
    schools = _add_keys(register[["year", "school_id", "name", "municipality"]], rules)
    schools = schools.rename(columns={"name": "registered"}).drop(columns=["municipality", "plain"])
    answers = _add_keys(confirmed, rules)[[*_KEY, "school_id", "answer"]].drop_duplicates()
    pairs = names.merge(schools, on=["year", "area"]).merge(answers, on=[*_KEY, "school_id"], how="left")
    parse = lru_cache(maxsize=None)(lambda text: parse_name(text, rules))
    score = lru_cache(maxsize=None)(lambda one, other: score_names(parse(one), parse(other), rules))
    texts = list(zip(pairs["name"], pairs["registered"], strict=True))
    scored = pairs.assign(
        score=[score(*pair) for pair in texts], is_equal=[parse(one) == parse(other) for one, other in texts]
    )
    return scored.sort_values([*_KEY, "score", "school_id"], ascending=[True, True, True, False, True])


def _add_keys(rows: pd.DataFrame, rules: NameRules) -> pd.DataFrame:
    """With `area` and `plain`: a name comes back from Excel with other spaces, and is the same name."""
    areas = {name: simplify_municipality(name, rules) for name in rows["municipality"].dropna().unique()}
    plain = {name: simplify_text(name) for name in rows["name"].dropna().unique()}
    keys = {"area": rows["municipality"].map(areas), "plain": rows["name"].map(plain)}
    return rows.assign(**{name: key.astype("str") for name, key in keys.items()})


def _decide(pairs: pd.DataFrame, rules: NameRules) -> tuple[object, ...]:
    """The decision on one name from its pairs, the most alike first; a refusal leaves nothing to be taken unasked."""
    key = tuple(pairs.iloc[0][_KEY])
    said = pairs[pairs["answer"].eq(YES)]
    if len(said) == 1:
        return (*key, said["school_id"].iloc[0], said["school_id"].iloc[0], said["score"].iloc[0], CONFIRMED)
    is_refused = pairs["answer"].eq(NO).any()
    left = pairs[pairs["answer"].ne(NO).fillna(True).astype(bool)]
    if left.empty or left["score"].iloc[0] < rules.cuts.doubtful:
        return (*key, None, None, None, REFUSED if is_refused else NOT_FOUND)
    best = left.iloc[0]
    status = DOUBTFUL if is_refused or len(said) else _judge(left, rules)
    code = None if status == DOUBTFUL else best["school_id"]
    return (*key, code, best["school_id"], best["score"], status)


def _judge(pairs: pd.DataFrame, rules: NameRules) -> str:
    best = pairs.iloc[0]
    if best["is_equal"] and pairs["is_equal"].sum() == 1:
        return EXACT
    is_clear = len(pairs) == 1 or best["score"] - pairs["score"].iloc[1] >= rules.cuts.distance
    return SURE if best["score"] >= rules.cuts.accept and is_clear else DOUBTFUL


def list_doubtful(
    wanted: pd.DataFrame, register: pd.DataFrame, confirmed: pd.DataFrame, rules: NameRules
) -> pd.DataFrame:
    """Pairs for a person to confirm: of every doubtful name the most alike schools; columns as `HEADINGS`."""
    matched = match_names(wanted, register, confirmed, rules)
    asked = _add_keys(matched[matched["status"].eq(DOUBTFUL)], rules)[_KEY].drop_duplicates()
    pairs = score_pairs(wanted, register, confirmed, rules).merge(asked, on=_KEY)
    open_pairs = pairs[pairs["answer"].isna() & pairs["score"].ge(rules.cuts.doubtful)]
    first = open_pairs.groupby(_KEY, sort=False).head(rules.cuts.shown)
    return first[list(HEADINGS)].astype({"answer": "str"}).reset_index(drop=True)


def read_confirmed(path: Path | None, register: pd.DataFrame) -> tuple[pd.DataFrame, list[Problem]]:
    """Answers of a person; a row with an error is not taken, a row without an answer is passed over.

    Args:
        path: the workbook; None or a missing file gives no answers.
        register: year and school_id, for codes that may not be there.
    """
    columns = ["year", "municipality", "name", "school_id", "answer"]
    if path is None or not path.is_file():
        return pd.DataFrame(columns=columns, dtype="str").astype({"year": "int64"}), []
    grid = read_first_sheet(path, path.name)
    simple = grid.cells.map(simplify_text)
    wanted = {name: simplify_text(HEADINGS[name]) for name in columns}
    fits = [row for row in simple.index if set(wanted.values()) <= set(simple.loc[row])]
    if not fits:
        expected = f"ожидались столбцы: {', '.join(HEADINGS[name] for name in columns)}"
        action = "Верните заголовки, какими они были в names_to_confirm.xlsx."
        return read_confirmed(None, register)[0], [Problem(Severity.ERROR, grid.file, expected, action, grid.sheet)]
    body = grid.cells.loc[fits[0] + 1 :].set_axis(list(simple.loc[fits[0]]), axis=1)
    rows = pd.DataFrame({name: clean_text(body[heading]) for name, heading in wanted.items()}).dropna(subset="answer")
    rows = rows.assign(school_id=clean_codes(rows["school_id"]), answer=rows["answer"].map(simplify_text))
    return _check_confirmed(rows, register, grid.file, grid.sheet)


def _check_confirmed(
    rows: pd.DataFrame, register: pd.DataFrame, file: str, sheet: str
) -> tuple[pd.DataFrame, list[Problem]]:
    known = set(zip(register["year"].astype(str), register["school_id"], strict=True))
    is_known = pd.Series([pair in known for pair in zip(rows["year"], rows["school_id"], strict=True)], rows.index)
    is_yes = rows["answer"].eq(YES)
    named = ["year", "municipality", "name"]
    faults = {
        "answer": (~rows["answer"].isin([YES, NO]), "ожидалось «да» или «нет»"),
        "school_id": (~is_known.astype(bool), "такого кода в этом году в реестре школ нет"),
        "name": (rows[is_yes].duplicated(named, keep=False).reindex(rows.index, fill_value=False), _TWICE),
    }
    problems = [
        Problem(Severity.ERROR, file, text, "Исправьте строку.", sheet, int(row), HEADINGS[name], str(rows[name][row]))
        for name, (wrong, text) in faults.items()
        for row in rows.index[wrong]
    ]
    good = rows[~pd.concat([wrong for wrong, _ in faults.values()], axis=1).any(axis=1)]
    return good.astype({"year": "int64"}).reset_index(drop=True), problems


_TWICE = "ожидалась одна школа с ответом «да», а их несколько"
