"""Which year is explained."""

from effschool.identify import Identified
from effschool.methodology import Methodology
from effschool.windows import list_covered_years


def choose_year(identified: Identified, methodology: Methodology, year: int | None) -> int:
    """The year to explain: the one asked for, else the last with lists, else the last with indices.

    Raises:
        ValueError: the year has no indices; the message names those that have.
    """
    years = sorted(set(identified.indices["year"]))
    listed = [each for each in list_covered_years(identified.indices, methodology) if each in years]
    chosen = year if year is not None else (listed or years)[-1]
    if chosen not in years:
        raise ValueError(f"Года {chosen} нет в данных. Есть годы: {', '.join(map(str, years))}.")
    return chosen
