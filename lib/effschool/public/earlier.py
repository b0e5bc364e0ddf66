"""Releases published before (прежние публикации): two that hide different numbers give the hidden ones away."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from effschool.base.storage import disarm_formulas
from effschool.public.release import Release
from effschool.public.sections import name_published

PLACED = ["год", "таблица", "разрез", "место", "вид"]


class SecondReleaseError(ValueError):
    """Numbers of the same years have been published otherwise; the message is in Russian."""


def refuse_second(release: Release, reports: str | Path | None) -> None:
    """Refuse numbers of years that a release in the folder of reports has told otherwise: by other rules or data.

    Without a folder there is nothing to compare with.

    Raises:
        SecondReleaseError: names the earlier file, its day, and how many hidden numbers both together give away; or a
            file that cannot be read.
    """
    own = disarm_formulas(name_published(release))
    for path in sorted(Path(reports).glob("*/public/public.csv") if reports else ()):
        given, changed = compare_rows(own, read_earlier(path))
        if given or changed:
            day = datetime.fromtimestamp(path.stat().st_mtime, UTC).astimezone().strftime("%d.%m.%Y")
            raise SecondReleaseError(
                f"За те же годы уже есть другая публикация: файл «{path}», {day}. Вместе они открыли бы "
                f"скрытые числа ({given}), ещё {changed} у них не совпадает. "
                "Новая не построена, прежняя не изменена. Если прежняя никому не отдана, удалите папку "
                f"«{path.parent}» и повторите команду. Если отдана, за эти годы оставьте только её, а новый год "
                "публикуйте без них: release.years: 1 в файле privacy.yml."
            )


def read_earlier(path: Path) -> pd.DataFrame:
    """A release as it was published: a row per number.

    Raises:
        SecondReleaseError: it is no such file, or no longer.
    """
    try:
        rows = pd.read_csv(path)
        return rows.astype({"школ": "Int64", "год": "int64"})[[*PLACED, "школ"]]
    except (OSError, ValueError, TypeError, KeyError):
        raise SecondReleaseError(
            f"Прежняя публикация не читается, сверить с ней новую нельзя: файл «{path}». Новая не построена. "
            "Верните файл таким, каким он был отдан. Если он никому не отдан, удалите папку "
            f"«{path.parent}» и повторите команду."
        ) from None


def compare_rows(own: pd.DataFrame, earlier: pd.DataFrame) -> tuple[int, int]:
    """Numbers of the same years hidden in one release and shown in the other, and shown in both but different.

    A table, place or kind that only one of them has counts as hidden in the other.
    """
    years = set(own["год"]) & set(earlier["год"])
    both = [rows[rows["год"].isin(years)].set_index(PLACED)["школ"].astype("Int64") for rows in (own, earlier)]
    now, before = both[0].align(both[1])
    return int((now.isna() != before.isna()).sum()), int((now != before).fillna(value=False).sum())
