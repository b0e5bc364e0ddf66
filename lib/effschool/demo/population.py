"""Municipalities and schools of the demonstration region, what happens to them, and their latent traits.

Latent traits (disadvantage, level) are known here only; they never reach a written table.
"""

import numpy as np
import pandas as pd
from numpy.random import Generator
from numpy.typing import NDArray

from effschool.demo.names import count_roots, name_municipality, name_town, name_village
from effschool.demo.settings import DemoSettings, Size

Numbers = NDArray[np.float64]
Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]


def draw_municipalities(size: Size, settings: DemoSettings, rng: Generator) -> pd.DataFrame:
    """A row per municipality: name, town, is_urban, remoteness, effect (on level), weight (number of schools).

    Raises:
        ValueError: more municipalities are asked for than there are invented names.
    """
    count, rules = size.municipalities, settings.municipalities
    if count > count_roots(settings.names):
        raise ValueError(f"Названий хватает на {count_roots(settings.names)} муниципалитетов, задано {count}.")
    urban = np.arange(count) < max(1, round(rules.urban_share * count))
    remote = np.where(urban, rules.remoteness.urban, rules.remoteness.district)
    return pd.DataFrame(
        {
            "municipality": [name_municipality(i, bool(urban[i]), settings.names) for i in range(count)],
            "town": [name_town(i, settings.names) for i in range(count)],
            "is_urban": urban,
            "remoteness": remote + rng.normal(0, rules.remoteness.spread, count),
            "effect": rng.normal(0, rules.effect, count),
            "weight": np.where(urban, rules.urban_weight, 1.0) * rng.lognormal(0, rules.weight_spread, count),
        }
    )


def draw_schools(size: Size, settings: DemoSettings, rng: Generator) -> pd.DataFrame:
    """A row per school: school_id, municipality, locality («city», «village»), kind, place, number, size, event and
    event_year, latent disadvantage and level.
    """
    by_municipality = draw_municipalities(size, settings, rng)
    return (
        _place_schools(by_municipality, size, settings, rng)
        .pipe(_assign_kinds, settings, rng)
        .pipe(_draw_sizes, settings, rng)
        .pipe(_assign_events, size, settings, rng)
        .pipe(_draw_disadvantage, settings, rng)
        .pipe(_draw_levels, settings, rng)
    )


def choose_weighted(weights: Numbers, count: int, rng: Generator) -> Whole:
    """Positions drawn without replacement in proportion to weights (zero: never), at most as many as can be."""
    with np.errstate(divide="ignore"):
        keys = np.log(weights) + rng.gumbel(size=len(weights))
    order = np.argsort(-keys, kind="stable")
    return order[: min(count, int((weights > 0).sum()))]


def _place_schools(by_municipality: pd.DataFrame, size: Size, settings: DemoSettings, rng: Generator) -> pd.DataFrame:
    """Every municipality has one school at least; codes and village names follow the order of municipalities."""
    weight = by_municipality["weight"].to_numpy()
    more = rng.choice(len(weight), size.schools - len(weight), p=weight / weight.sum())
    rows = np.sort(np.concatenate([np.arange(len(weight)), more]))
    schools = by_municipality.iloc[rows].reset_index(drop=True)
    share = settings.municipalities.city_share
    in_city = rng.random(len(schools)) < np.where(schools["is_urban"], share.urban, share.district)
    codes = settings.codes.first + settings.codes.step * np.arange(len(schools))
    return schools.assign(
        school_id=[f"{code:06d}" for code in codes],
        locality=np.where(in_city, "city", "village"),
        number=schools.groupby("municipality").cumcount() + 1,
        place=[
            _name_place(i, town, city, settings)
            for i, town, city in zip(schools.index, schools["town"], in_city, strict=True)
        ],
    )


def _name_place(number: int, town: str, in_city: bool, settings: DemoSettings) -> str:
    names = settings.names
    return names.in_town.format(town=town) if in_city else names.in_village.format(village=name_village(number, names))


def _assign_kinds(schools: pd.DataFrame, settings: DemoSettings, rng: Generator) -> pd.DataFrame:
    """Rarest kinds choose first, so that each has at least one school even in a small region."""
    kind = np.full(len(schools), settings.rest_kind, dtype=object)
    is_free = np.ones(len(schools), dtype=bool)
    in_city = (schools["locality"] == "city").to_numpy()
    for name, rules in sorted(settings.kinds.items(), key=lambda item: item[1].share):
        if name != settings.rest_kind:
            weights = np.where(in_city, rules.city, rules.village) * is_free
            chosen = choose_weighted(weights, max(1, round(rules.share * len(schools))), rng)
            kind[chosen], is_free[chosen] = name, False
    return schools.assign(kind=pd.Series(kind, dtype="str"))


def _draw_sizes(schools: pd.DataFrame, settings: DemoSettings, rng: Generator) -> pd.DataFrame:
    """Usual enrolment (численность), lognormal round the median of kind and locality."""
    kinds = [settings.kinds[name] for name in schools["kind"]]
    median = np.array([kind.size[place] for kind, place in zip(kinds, schools["locality"], strict=True)])
    drawn = median * np.exp(rng.normal(0, [kind.spread for kind in kinds]))
    bounded = np.clip(drawn, [kind.smallest for kind in kinds], [kind.largest for kind in kinds])
    return schools.assign(median_size=median, size=bounded)


def _assign_events(schools: pd.DataFrame, size: Size, settings: DemoSettings, rng: Generator) -> pd.DataFrame:
    """One event at most per school; `event_year` is 0 without an event."""
    event = np.full(len(schools), "", dtype=object)
    year = np.zeros(len(schools), dtype=np.int64)
    for name, rules in settings.events.items():
        years = list_event_years(name, size)
        fits = schools["kind"].isin(rules.kinds).to_numpy() & (event == "")
        count = max(1, round(rules.share * len(schools))) if years else 0
        chosen = choose_weighted(fits.astype(float), count, rng)
        event[chosen], year[chosen] = name, rng.choice(years or [0], len(chosen))
    return schools.assign(event=pd.Series(event, dtype="str"), event_year=year)


def list_event_years(event: str, size: Size) -> list[int]:
    """Years in which an event can be seen in the tables: the first year of the new state, the missed year, or, for a
    school that closes, the first year without it.
    """
    inner = list(size.all_years)[1:]
    return inner[:-1] if event == "missed" else inner


def _draw_disadvantage(schools: pd.DataFrame, settings: DemoSettings, rng: Generator) -> pd.DataFrame:
    """Latent social disadvantage, standardised over the region: rural, small and remote schools have more."""
    rules = settings.disadvantage
    smallness = np.log(schools["median_size"].to_numpy() / schools["size"].to_numpy())
    raw = (
        rules.rural * (schools["locality"] == "village").to_numpy()
        + rules.smallness * smallness
        + schools["remoteness"].to_numpy()
        + np.array([settings.kinds[name].disadvantage for name in schools["kind"]])
        + rng.normal(0, rules.own, len(schools))
    )
    return schools.assign(disadvantage=(raw - raw.mean()) / raw.std())


def _draw_levels(schools: pd.DataFrame, settings: DemoSettings, rng: Generator) -> pd.DataFrame:
    """Latent level (of results), in standard deviations of a pupil; resilient schools get their addition here."""
    level = (
        settings.ability.slope * schools["disadvantage"].to_numpy()
        + schools["effect"].to_numpy()
        + np.array([settings.kinds[name].ability for name in schools["kind"]])
        + rng.normal(0, settings.ability.own, len(schools))
    )
    rules = settings.resilient
    hard = schools["disadvantage"] > schools["disadvantage"].quantile(rules.above)
    fits = (hard & schools["kind"].isin(rules.kinds)).to_numpy()
    chosen = choose_weighted(fits.astype(float), max(1, round(rules.share * int(fits.sum()))), rng)
    level[chosen] += rules.ability
    return schools.assign(level=level)


def list_school_years(schools: pd.DataFrame, size: Size, settings: DemoSettings, rng: Generator) -> pd.DataFrame:
    """A row per living school and year, by year and code: `school` (position in `schools`), year, kind of that year,
    name, enrolment and all that a school keeps.
    """
    years = np.repeat(np.array(size.all_years), len(schools))
    school = np.tile(np.arange(len(schools)), size.years)
    rows = schools.iloc[school].reset_index(drop=True).assign(school=school, year=years)
    rows["enrolment"] = _draw_enrolment(schools, size, settings, rng).T.reshape(-1)
    started = (rows["year"] >= rows["event_year"]) & (rows["event"] != "")
    rows["kind"] = rows["kind"].mask(started & (rows["event"] == "upgraded"), settings.events["upgraded"].becomes)
    rows["name"] = _name_schools(rows, started & (rows["event"] == "renamed"), settings)
    return rows[_is_living(rows)].reset_index(drop=True)


def _is_living(rows: pd.DataFrame) -> Flags:
    year, event_year = rows["year"], rows["event_year"]
    unopened = (rows["event"] == "opened") & (year < event_year)
    closed = (rows["event"] == "closed") & (year >= event_year)
    missed = (rows["event"] == "missed") & (year == event_year)
    return (~(unopened | closed | missed)).to_numpy()


def _draw_enrolment(schools: pd.DataFrame, size: Size, settings: DemoSettings, rng: Generator) -> Whole:
    """Pupils by school (row) and year (column): a slow walk round the usual enrolment."""
    rules = settings.enrolment
    steps = rng.normal(rules.trend, rules.spread, (len(schools), size.years)).cumsum(axis=1)
    largest = np.array([settings.kinds[name].largest for name in schools["kind"]])[:, None]
    drawn = np.rint(schools["size"].to_numpy()[:, None] * np.exp(steps))
    return np.clip(drawn, rules.smallest, largest).astype(np.int64)


def _name_schools(rows: pd.DataFrame, is_renamed: "pd.Series[bool]", settings: DemoSettings) -> list[str]:
    patterns = {name: kind.named for name, kind in settings.kinds.items()}
    renamed = settings.events["renamed"].named or {}
    columns = zip(is_renamed, rows["kind"], rows["locality"], rows["number"], rows["place"], strict=True)
    return [
        (renamed if new else patterns[kind])[locality].format(number=number, place=place)
        for new, kind, locality, number, place in columns
    ]


def build_school_table(school_years: pd.DataFrame, settings: DemoSettings, rng: Generator) -> pd.DataFrame:
    """The contract's table of schools: a row per school and year."""
    by_kind = settings.kinds
    blank = rng.random(len(school_years)) < settings.blanks.enrolment
    return pd.DataFrame(
        {
            "year": school_years["year"],
            "school_id": school_years["school_id"],
            "name": school_years["name"],
            "municipality": school_years["municipality"],
            "type": school_years["kind"].map({name: kind.type for name, kind in by_kind.items()}),
            "locality": school_years["locality"].map(settings.localities),
            "enrolment": school_years["enrolment"].astype("Int64").mask(blank),
            "exclusion": school_years["kind"].map({name: kind.exclusion for name, kind in by_kind.items()}),
        }
    ).astype({"type": "str", "locality": "str", "exclusion": "str"})


def find_kinds(settings: DemoSettings, grade: int) -> list[str]:
    """Kinds of school that teach a grade."""
    return [name for name, kind in settings.kinds.items() if grade in kind.grades]
