"""The rules that were carried out, as a table for readers (раздел «Метод»)."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from effschool.base.russian import choose_word, count_words, format_number, format_percent, join_words
from effschool.method.methodology import (
    FIOKO_LIST,
    Axis,
    DomainRules,
    DynamicsRules,
    Fioko,
    GroupsByExams,
    GroupsByType,
    Methodology,
    Verdicts,
)
from effschool.method.thresholds import Need, Threshold, ThresholdRegister, load_register, require_thresholds
from effschool.report.display import Table, Text
from effschool.report.queries import CHANCE, FIRM, HALF, UNSURE

NOT_RECORDED = "порог года в реестре не записан"


def tabulate_used_thresholds(methodology: Methodology, folder: Path, years: Iterable[int]) -> Table | Text:
    """Rows of the register of thresholds that the methodology depends on, for the years of the data.

    Raises:
        ThresholdError: a year is missing and the methodology does not go on without it.
    """
    if methodology.thresholds is None:
        return Text(("Методика не опирается на минимальные результаты.",))
    register = load_register(folder / methodology.thresholds.register_file)
    needs = require_thresholds(register, methodology.thresholds, sorted(set(years)))
    return tabulate_thresholds(register, needs)


def tabulate_thresholds(register: ThresholdRegister, used: Sequence[Need]) -> Table:
    """Rows of the register that were used: a row per procedure, subject and year; a missing one is said."""
    rows = {(row.procedure, row.subject, row.year): row for row in register.thresholds}
    named = [(f"{need[0]}, {need[1]}", str(need[2]), *_write_row(rows.get(need))) for need in used]
    columns = ["Процедура и предмет", "Год", "Порог", "Шкала", "Акт", "Статус"]
    return Table("Пороги", "Минимальные результаты, на которых основаны списки", pd.DataFrame(named, columns=columns))


def _write_row(row: Threshold | None) -> tuple[str, str, str, str]:
    if row is None:
        return NOT_RECORDED, "—", "—", "—"
    return (
        format_number(row.value, 0 if row.value.is_integer() else 1),
        row.scale,
        row.act or "акт не указан",
        row.status,
    )


def tabulate_method(method: Methodology) -> Table:
    """Rule, its switches and sources, as they were carried out."""
    rows = [("Методика", f"{method.title}, версия {method.version}", method.source)]
    rows.append(("Группы школ", _say_groups(method.groups), method.groups.source))
    for _, rules in method.iterate_domains():
        rows.append((rules.title, _say_index(rules), rules.source))
    for status in (*method.lists.results, *method.lists.social):
        rows.append((status.status, f"{status.title}: {method.find_rule(status).title}", method.lists.source))
    if method.fioko:
        rows.append((FIOKO_LIST, say_fioko(method.fioko), method.fioko.source))
    if method.dynamics:
        rows.append(("Уровень и изменение", _say_grid(method.dynamics), method.dynamics.level_change.source))
        rows.append(("Когорты учеников", _say_cohorts(method.dynamics), method.dynamics.pupil_cohorts.source))
    if method.certainty:
        rows.append(("Надёжность места", _say_steps(method.certainty.verdicts), "приняты разработчиками"))
    return Table(
        "Метод", "Правила, по которым составлены списки", pd.DataFrame(rows, columns=["Что", "Правило", "Источник"])
    )


def _say_steps(cuts: Verdicts) -> str:
    """From which share of redraws and of other rules on a place is called sure, and below which a matter of chance."""
    return (
        f"«{FIRM}» — остаётся не менее чем в {format_percent(cuts.stable_pct, 0)} пересчётов с другими такими же "
        f"детьми и не менее чем в {format_percent(cuts.method_pct, 0)} других допустимых расчётов; «{CHANCE}» — "
        f"менее чем в {format_percent(HALF, 0)} пересчётов; «{UNSURE}» — прочие"
    )


def _say_groups(groups: GroupsByType | GroupsByExams) -> str:
    names = dict.fromkeys(
        groups.chosen.values() if isinstance(groups, GroupsByType) else (item.name for item in groups.names)
    )
    left_out = f"; не участвуют: {groups.left_out_note}" if groups.left_out_note else ""
    return "каждый год и каждая группа отдельно: " + join_words(names) + left_out


def _say_index(rules: DomainRules) -> str:
    mean = {"arithmetic": "среднее", "geometric": "среднее геометрическое"}[rules.aggregation.kind]
    number = count_words(len(rules.indicators), "показателя", "показателей", "показателей")
    share, coverage = format_percent(100 * rules.bands.share, 0), format_percent(100 * rules.min_coverage, 0)
    return (
        f"{mean} {number}, приведённых к шкале от 0 до 1; крайние группы по {share}; "
        f"нужно не менее {coverage} показателей"
    )


def say_fioko(fioko: Fioko) -> str:
    """What ФИОКО's rule counts, with its thresholds."""
    low = count_words(fioko.min_low_procedures, "процедура", "процедуры", "процедур")
    verb = choose_word(fioko.min_low_procedures, "низкая", "низкие", "низких")
    return (
        f"не менее {format_percent(fioko.low_share_pct, 0)} участников не справились: {low} {verb} за год "
        f"или не менее {fioko.min_low_procedures_each_year} в каждом из {fioko.years} лет подряд"
    )


def _say_grid(rules: DynamicsRules) -> str:
    weighted = ", школы взвешены по участникам" if rules.standard.weighted else ""
    grid = rules.level_change
    return (
        f"средний результат за вычетом среднего по региону, в долях разброса школ{weighted}; границы уровня: "
        f"{_say_cuts(grid.level)}; границы изменения против прошлого года: {_say_cuts(grid.change)}; участников меньше "
        f"{grid.hide_below} — не показывается, меньше {grid.colour_from} — без цвета"
    )


def _say_cuts(axis: Axis) -> str:
    return "; ".join(format_number(cut, 2) for cut in axis.cuts)


def _say_cohorts(rules: DynamicsRules) -> str:
    cohorts = rules.pupil_cohorts
    return (
        f"одни и те же дети от класса к классу; участников не меньше {cohorts.hide_below}, число их изменилось не "
        f"более чем на {format_percent(cohorts.size_change_pct, 0)} против обычного; ошибочно названных необычными — "
        f"не больше {format_percent(cohorts.false_share_pct, 0)} в среднем"
    )
