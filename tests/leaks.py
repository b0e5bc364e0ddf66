"""Attack on the finished files of a municipality: what a curious reader could find of schools of others."""

import base64
import html
import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd

from effschool.base.disclosure import load_disclosure, may_tell
from effschool.report.portfolio import Portfolio, compare_indicators, hide_small_groups
from effschool.report.privacy import blur_index
from effschool.report.workspace import Workspace

DATA_ADDRESS = re.compile(r"data:[\w/+.-]+;base64,([A-Za-z0-9+/=]+)")
PRECISE = re.compile(r"(?<![\w.,])[-\N{MINUS SIGN}]?\d{1,3}[.,]\d{4,}")
"""A number written so exactly that few schools share it."""
SEEN = 5e-4
"""How exactly an index can be read off a drawing, whose places have two digits of a point."""
CLOSE = 5e-7
DOT = re.compile(r'<use[^>]*?\sx="([-\d.]+)"\sy="([-\d.]+)"')


@dataclass(frozen=True)
class Secrets:
    """What must not be found: words, exact figures, and pairs of indices; and own pairs, which fit drawings to them."""

    words: frozenset[str]
    figures: np.ndarray
    pairs: np.ndarray
    own_pairs: np.ndarray


def list_secrets(workspace: Workspace, municipality: str, year: int) -> Secrets:
    """Names, codes, indices, raw and normalised indicators of all schools of others, but for what own schools have."""
    paths = workspace.dynamics.paths
    is_own = paths["municipality"] == municipality
    owned = set(paths.loc[is_own, "school_id"])
    names = [set(paths.loc[chosen, ["name", "school_id"]].to_numpy().ravel()) for chosen in (~is_own, is_own)]
    values = workspace.identified.indicators
    mine = values["school_id"].isin(owned)
    figures = [
        np.concatenate([paths.loc[first, ["results_index", "social_index"]].to_numpy(float).ravel(),
                        values.loc[second, ["raw", "normalised"]].to_numpy(float).ravel()])
        for first, second in ((~is_own, ~mine), (is_own, mine))
    ]  # fmt: skip
    both = paths[paths["year"] == year].dropna(subset=["results_band", "social_band"])
    pairs = both[["social_index", "results_index"]].to_numpy(float)
    chosen = (both["municipality"] == municipality).to_numpy()
    portfolio = Portfolio(hide_small_groups(workspace, municipality), year, municipality)
    drawn = both["school_id"].isin(portfolio.schools.dropna(subset=["results_band", "social_band"])["school_id"])
    told = list_told(portfolio)
    telling = keep_telling(figures[0], np.concatenate([figures[1], told]))
    return Secrets(frozenset(names[0] - names[1]), telling, pairs[~chosen], pairs[drawn.to_numpy()])


def list_told(portfolio: Portfolio) -> np.ndarray:
    """Shares over all pupils of the municipality (this year and last) and of the region: a report may tell them."""
    domains = portfolio.workspace.methodology.domains
    tables = [compare_indicators(portfolio, domain, ("share", "mean", "gap")) for domain in domains]
    tables += [compare_indicators(portfolio.year_before, domain, ("share", "mean"))[["own"]] for domain in domains]
    return pd.concat(tables)[["own", "region"]].to_numpy(float).ravel()


def keep_telling(figures: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Figures that tell of a school: no simple fraction that anybody may have, and none that own schools have."""
    found = np.unique(figures[~np.isnan(figures)])
    shares = np.where(np.abs(found) > 1, found / 100, found)
    simple = [np.abs(shares * n - np.round(shares * n)) < 1e-6 * n for n in range(1, 151)]
    return found[~np.any(simple, axis=0) & ~is_near(found, own[~np.isnan(own)])]


def is_near(numbers: np.ndarray, sought: np.ndarray, close: float = CLOSE) -> np.ndarray:
    """Whether each number is as good as equal to one of those sought."""
    if not len(sought):
        return np.zeros(len(numbers), bool)
    order = np.sort(sought)
    place = np.searchsorted(order, numbers)
    neighbours = order[np.clip([place - 1, place], 0, len(order) - 1)]
    return np.abs(neighbours - numbers).min(axis=0) <= close


def find_leaks(paths: Iterable[Path], secrets: Secrets) -> list[str]:
    """Everything found in the files, with the file and what it was."""
    return [f"{path.name}: {leak}" for path in paths for text in read_texts(path) for leak in search(text, secrets)]


NOUN = r"(?:участник|выпускник|обучающ|ученик|детей)\w*"
NUMBER = r"(\d{1,3}(?: \d{3})*)"
OF_PUPILS = re.compile(rf"(?:не {NUMBER}, а )?{NUMBER} из (менее чем )?{NUMBER} {NOUN}")
"""«не 5, а 3 из 11 участников», «3 ученика из 12 участников»: what a sentence says of the pupils of one school."""
COUNTED = re.compile(rf"{NUMBER} {NOUN} из {NUMBER}\b")
SO_FEW = re.compile(rf"— {NUMBER} (?:участник|выпускник)\w*")


def search_pupils(text: str) -> Iterator[str]:
    """Sentences about so few pupils, or about one of so few, that they would tell of a single one."""
    for found in OF_PUPILS.finditer(text):
        *counts, hidden, people = found.groups()
        if hidden or not may_tell(read_count(people), *(read_count(count) for count in counts if count)):
            yield f"о детях: {found[0]}"
    for found in COUNTED.finditer(text):
        if not may_tell(read_count(found[2]), read_count(found[1])):
            yield f"о детях: {found[0]}"
    fewest = load_disclosure().participants
    yield from (f"о детях: {found[0]}" for found in SO_FEW.finditer(text) if read_count(found[1]) < fewest)


def read_count(text: str) -> int:
    """A number as it is written, «1 200»."""
    return int(text.replace(" ", ""))


def search(text: str, secrets: Secrets) -> Iterator[str]:
    """Words, exact figures and points of a drawing that are those of a school of others; what tells of one pupil."""
    yield from search_pupils(text)
    yield from (
        word for word in secrets.words if word in text and re.search(rf"(?<![\w.]){re.escape(word)}(?!\w)", text)
    )
    numbers = [found.replace(",", ".").replace("\N{MINUS SIGN}", "-") for found in PRECISE.findall(text)]
    precise = np.array([float(number) for number in numbers])
    digits = np.array([len(number.partition(".")[2]) for number in numbers], dtype=int)
    for count in np.unique(digits):  # a figure written with four digits is the school's figure rounded to four
        own = precise[digits == count]
        close = max(CLOSE, 0.5 * 10.0**-count) if count > 4 else CLOSE
        yield from (f"число {number}" for number in own[is_near(own, np.round(secrets.figures, count), close)])
    if "<svg" in text:
        yield from (f"точка {point}" for point in read_points(text, secrets))


def read_points(svg: str, secrets: Secrets) -> list[tuple[float, float]]:
    """Pairs of indices of others, read off a drawing where own schools are drawn as well, whose indices are known.

    Own schools may be drawn where they are or where the page says that they are: blurred as privacy.yml has it.
    """
    dots = np.unique(np.array(DOT.findall(svg), dtype=float), axis=0)
    return fit_points(dots, secrets.own_pairs, secrets) or fit_points(dots, round_to_step(secrets.own_pairs), secrets)


def round_to_step(pairs: np.ndarray) -> np.ndarray:
    """Indices as a report draws them."""
    return blur_index(pd.DataFrame(pairs)).to_numpy()


def fit_points(dots: np.ndarray, own: np.ndarray, secrets: Secrets) -> list[tuple[float, float]]:
    """Pairs of others among dots, on the scale on which nearly all own pairs are dots."""
    if len(dots) < 2 or len(own) < 2 or not len(secrets.pairs):
        return []
    first, last = own[own[:, 0].argmin()], own[own[:, 0].argmax()]
    for start, end in permutations(range(len(dots)), 2):
        scale = (dots[end] - dots[start]) / np.where(last == first, np.nan, last - first)
        if np.isnan(scale).any() or not (scale[0] > 0 > scale[1]):
            continue
        told = (dots - dots[start]) / scale + first
        if np.mean([np.abs(told - pair).max(axis=1).min() < SEEN for pair in own]) > 0.9:
            found = [pair for pair in secrets.pairs if np.abs(told - pair).max(axis=1).min() < SEEN]
            return [(float(x), float(y)) for x, y in found]
    return []


def read_texts(path: Path) -> list[str]:
    """All that a file says, hidden parts too: members of a packed file, strings of JSON, drawings inside pages."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as packed:
            names = packed.namelist()
            texts = ["\n".join(names), *(packed.read(name).decode("utf-8", "replace") for name in names)]
    else:
        texts = [path.read_text(encoding="utf-8")]
        if path.suffix in {".json", ".ipynb"}:
            texts = ["\n".join(list_strings(json.loads(texts[0])))]
    plain = [html.unescape(text).replace("\N{NO-BREAK SPACE}", " ") for text in texts]
    drawings = [
        base64.b64decode(found).decode("utf-8", "replace") for text in plain for found in DATA_ADDRESS.findall(text)
    ]
    return [*(DATA_ADDRESS.sub("", text) for text in plain), *drawings]


def list_strings(value: object) -> Iterator[str]:
    """Keys and values of JSON as text, escapes undone."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from list_strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from list_strings(inner)
    else:
        yield str(value)


def list_files(folder: Path, stem: str) -> list[Path]:
    """Files of one municipality's report in a folder of a year: page, workbooks, notes, facts, executed notebook."""
    found = [path for path in folder.rglob("*") if path.is_file() and path.name.split(".")[0] == stem]
    return [path for path in found if path.parent.name != "stamps"]


def make_frame(rows: Iterable[tuple[str, float]]) -> pd.DataFrame:
    """A table as a report may show one."""
    return pd.DataFrame(rows, columns=["Школа", "Индекс"])
