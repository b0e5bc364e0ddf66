import shutil
from pathlib import Path

import pytest
from conftest import ROOT

from effschool.method.methodology import (
    FewPupils,
    Methodology,
    MethodologyError,
    find_methodology,
    list_files,
    list_methodologies,
    load_methodology,
)
from effschool.method.thresholds import load_register

FOLDER = ROOT / "methodologies"
FILES = list_methodologies(FOLDER)
DEFAULT = FOLDER / "khabarovsk-2020.yml"

GOOD = """\
id: small
title: Малая методика
version: "1.0"
source: правила проверки
social_rule: any2
groups:
  by: type
  names: {средняя: средние}
  source: раздел 1
domains:
  results:
    title: Индекс результатов
    better: high
    band_titles: {low: низкие, mid: средние, high: высокие}
    band_marks: {low: Н, mid: С, high: В}
    min_coverage: 0.5
    aggregation: {kind: arithmetic}
    bands: {share: 0.25, cut: half_up, tolerance: 1.0e-9}
    source: раздел 2
    indicators:
      - id: oge_rus_2
        title: Доля «2» по русскому языку
        short: Русский язык, «2»
        block: oge
        kind: share
        direction: inverse
        rows: {table: results, procedure: [ОГЭ], subject: [русский язык]}
        count: mark_2
        total: participants
      - id: ege_rus_gap
        title: Отставание по русскому языку
        short: Русский язык, отставание
        block: ege
        kind: gap
        direction: inverse
        threshold: 20
        rows: {table: results, procedure: [ЕГЭ], subject: [русский язык]}
  social:
    title: Индекс условий
    better: low
    band_titles: {low: хорошие, mid: средние, high: плохие}
    band_marks: {low: Х, mid: С, high: П}
    min_coverage: 0.5
    aggregation: {}
    bands: {share: 0.25, cut: half_up, tolerance: 1.0e-9}
    source: раздел 3
    indicators:
      - {id: deviant, title: Доля с девиантным поведением, short: Девиантное поведение, block: pupils, kind: share,
         direction: direct, rows: {table: social}, count: deviant, total: pupils}
lists:
  window: {length: 3}
  window_rules:
    all3: {title: все три года, any_of: [{at_least: 3}]}
    any2: {title: два года, any_of: [{at_least: 2}, {last: 2}]}
    ranked: {title: ранжирована, any_of: [{ranked: true}]}
  results:
    - {status: низкие, title: низкие результаты, band: low, rule: all3}
  social:
    - {status: трудные, title: трудные условия, band: high, rule: social_rule}
  joint:
    - {status: низкие и трудные, results: [низкие], social: [трудные]}
  source: раздел 4
fioko:
  title: Список ШНОР
  low_share_pct: 30
  min_low_procedures: 1
  min_low_procedures_each_year: 1
  years: 2
  procedures:
    - {id: oge_rus, title: ОГЭ, rows: {table: results, procedure: [ОГЭ]}, count: mark_2}
  source: раздел 5
thresholds:
  register: thresholds.yml
  required: [{procedure: ЕГЭ, subject: русский язык}]
  years: [2023, 2024]
  missing: stop
  source: раздел 6
dynamics:
  standard: {weighted: true, min_schools: 2, source: раздел 7}
  level_change:
    level: {title: уровень, cuts: [0], names: [низкий, высокий]}
    change: {title: изменение, cuts: [0], names: [хуже, лучше]}
    tones: [[1, 2], [3, 4]]
    tone_names: [а, б, в, г, д]
    hide_below: 1
    colour_from: 2
    source: раздел 7
  pupil_cohorts:
    families: [{title: Русский язык, subjects: [русский язык]}]
    hide_below: 1
    size_change_pct: 25
    least_size_pct: 40
    false_share_pct: 5
    min_schools: 20
    source: раздел 7
"""


@pytest.fixture
def folder(tmp_path):
    """A folder with the register and the good file."""
    place = tmp_path / "methods"
    place.mkdir()
    shutil.copy(FOLDER / "thresholds.yml", place)
    (place / "small.yml").write_text(GOOD, encoding="utf-8")
    return place


def load_text(folder, text, name="wrong"):
    path = folder / f"{name}.yml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_methodology(path)


def refuse_text(folder, text, name="wrong"):
    with pytest.raises(MethodologyError) as caught:
        load_text(folder, text, name)
    return str(caught.value)


def change(old, new):
    assert GOOD.count(old) == 1
    return GOOD.replace(old, new)


def say(*faults, name="wrong"):
    words = {1: "1 ошибка", 2: "2 ошибки", 3: "3 ошибки"}
    number = words[len(faults)].replace(" ", "\N{NO-BREAK SPACE}")
    return "\n".join([f"Файл методики «{name}.yml» не принят: {number}.", *(f"— {fault}." for fault in faults)])


def test_good_file_is_taken(folder):
    loaded = load_methodology(folder / "small.yml")
    assert list(loaded.indicators) == ["oge_rus_2", "ege_rus_gap", "deviant"]
    assert loaded.indicators["ege_rus_gap"].threshold == 20
    assert loaded.domains["results"].gaps == 1


FAULTS = {
    "unknown key": (
        'version: "1.0"',
        'version: "1.0"\nextra: 1',
        "строка 4, ключ «extra»: "
        "такого ключа нет; допустимы: id, title, version, source, orientation, social_rule, certificate_total, "
        "doubtful, groups, domains, lists, fioko, thresholds, certainty, dynamics, partners, effects, clusters, doubt",
    ),
    "unknown key of indicator": (
        "        threshold: 20",
        "        threshold: 20\n        count: mark_2",
        "строка 37, ключ «domains.results.indicators.ege_rus_gap.count»: "
        "такого ключа нет; допустимы: id, title, short, block, direction, rows, unit, scale, kind, threshold",
    ),
    "scale upside down": (
        "        threshold: 20",
        "        threshold: 20\n        scale: [100, 0]",
        "строка 37, ключ «domains.results.indicators.ege_rus_gap.scale»: "
        "ожидались наименьший и наибольший результат участника, первый меньше второго",
    ),
    "scale beyond any score": (
        "        threshold: 20",
        "        threshold: 20\n        scale: [0, 20000]",
        "строка 37, ключ «domains.results.indicators.ege_rus_gap.scale[2]»: стоит «20000», "
        "ожидалось число не больше 10000",
    ),
    "scale of one number": (
        "        threshold: 20",
        "        threshold: 20\n        scale: [100]",
        "строка 37, ключ «domains.results.indicators.ege_rus_gap.scale.1»: ключа нет, а он обязателен",
    ),
    "no groups": (
        "groups:\n  by: type\n  names: {средняя: средние}\n  source: раздел 1\n",
        "",
        "строка 1, ключ «groups»: ключа нет, а он обязателен",
    ),
    "no title": (
        "        title: Отставание по русскому языку\n",
        "",
        "строка 30, ключ «domains.results.indicators.ege_rus_gap.title»: ключа нет, а он обязателен",
    ),
    "blank title": (
        "title: Отставание по русскому языку",
        'title: " "',
        "строка 31, ключ «domains.results.indicators.ege_rus_gap.title»: "
        "стоит пустое значение, ожидался непустой текст",
    ),
    "null title": (
        "title: Отставание по русскому языку",
        "title:",
        "строка 31, ключ «domains.results.indicators.ege_rus_gap.title»: "
        "стоит пустое значение, ожидался непустой текст",
    ),
    "direction": (
        "direction: inverse\n        threshold",
        "direction: up\n        threshold",
        "строка 35, ключ «domains.results.indicators.ege_rus_gap.direction»: "
        "стоит «up», ожидалось одно из значений: «direct», «inverse»",
    ),
    "kind": (
        "kind: gap",
        "kind: sum",
        "строка 34, ключ «domains.results.indicators.ege_rus_gap.kind»: "
        "стоит «sum», ожидалось одно из значений: «share», «mean», «gap»",
    ),
    "no kind": (
        "        kind: gap\n",
        "",
        "строка 30, ключ «domains.results.indicators.ege_rus_gap.kind»: ключа нет, а он обязателен",
    ),
    "threshold word": (
        "threshold: 20",
        "threshold: двадцать",
        "строка 36, ключ «domains.results.indicators.ege_rus_gap.threshold»: стоит «двадцать», ожидалось число",
    ),
    "threshold inf": (
        "threshold: 20",
        "threshold: .inf",
        "строка 36, ключ «domains.results.indicators.ege_rus_gap.threshold»: стоит «inf», ожидалось конечное число",
    ),
    "threshold 0": (
        "threshold: 20",
        "threshold: 0",
        "строка 36, ключ «domains.results.indicators.ege_rus_gap.threshold»: стоит «0», ожидалось число больше 0",
    ),
    "quarters of SPSS": (
        "share: 0.25, cut: half_up, tolerance: 1.0e-9}\n    source: раздел 2",
        "share: 0.2, cut: spss, tolerance: 1.0e-9}\n    source: раздел 2",
        "строка 18, ключ «domains.results.bands.share»: "
        "стоит «0.2», для cut: spss ожидалась доля 0.25: SPSS делит на четверти",
    ),
    "share": (
        "share: 0.25, cut: half_up, tolerance: 1.0e-9}\n    source: раздел 2",
        "share: 0.6, cut: half_up, tolerance: 1.0e-9}\n    source: раздел 2",
        "строка 18, ключ «domains.results.bands.share»: стоит «0.6», ожидалось число меньше 0.5",
    ),
    "cut": (
        "share: 0.25, cut: half_up, tolerance: 1.0e-9}\n    source: раздел 2",
        "share: 0.25, cut: round, tolerance: 1.0e-9}\n    source: раздел 2",
        "строка 18, ключ «domains.results.bands.cut»: "
        "стоит «round», ожидалось одно из значений: «half_up», «floor», «ceil», «spss»",
    ),
    "more years than the window": (
        "[{at_least: 3}]",
        "[{at_least: 4}]",
        "строка 53, ключ «lists.window_rules.all3.any_of[1].at_least»: "
        "стоит «4», ожидалось число не больше 3: такова длина окна",
    ),
    "more last years than the window": (
        "{last: 2}",
        "{last: 5}",
        "строка 54, ключ «lists.window_rules.any2.any_of[2].last»: "
        "стоит «5», ожидалось число не больше 3: такова длина окна",
    ),
    "ranked false": (
        "ranked: true",
        "ranked: false",
        "строка 55, ключ «lists.window_rules.ranked.any_of[1].ranked»: стоит «false», ожидалось одно из значений: true",
    ),
    "two conditions": (
        "[{at_least: 3}]",
        "[{at_least: 3, last: 2}]",
        "строка 53, ключ «lists.window_rules.all3.any_of[1]»: "
        "ожидалось ровно одно из условий: at_least, last, ranked, mean, lags",
    ),
    "unknown status": (
        "results: [низкие], social",
        "results: [слабые], social",
        "строка 61, ключ «lists.joint[1].results[1]»: стоит «слабые», ожидался один из статусов lists.results: низкие",
    ),
    "repeated key": (
        'version: "1.0"',
        'version: "1.0"\ntitle: Другая',
        "строка 4, ключ «title»: ключ повторяется, впервые он стоит в строке 2; оставьте один",
    ),
    "gap without means": (
        "rows: {table: results, procedure: [ЕГЭ], subject: [русский язык]}",
        "rows: {table: social}",
        "строка 37, ключ «domains.results.indicators.ege_rus_gap.rows.table»: "
        "стоит «social», для показателя по среднему ожидалась таблица «results» или «conditions»",
    ),
    "weight 0": (
        "aggregation: {kind: arithmetic}",
        "aggregation: {weights: {oge_rus_2: 1, ege_rus_gap: 0}}",
        "строка 17, ключ «domains.results.aggregation.weights.ege_rus_gap»: стоит «0», ожидалось число больше 0",
    ),
    "weight sum": (
        "aggregation: {kind: arithmetic}",
        "aggregation: {weights: {oge_rus_2: 0.5, ege_rus_gap: 0.4}}",
        "строка 17, ключ «domains.results.aggregation.weights»: сумма весов 0.9, ожидалась 1",
    ),
    "weight not given": (
        "aggregation: {kind: arithmetic}",
        "aggregation: {weights: {oge_rus_2: 1}}",
        "строка 17, ключ «domains.results.aggregation.weights»: "
        "ожидался вес каждого показателя, не названы: ege_rus_gap",
    ),
    "weight of an unknown block": (
        "aggregation: {kind: arithmetic}",
        "aggregation: {weights_by: block, weights: {oge: 0.5, vpr: 0.5}}",
        "строка 17, ключ «domains.results.aggregation.weights»: нет блока vpr; ожидались веса: ege, oge",
    ),
    "doubled indicator": (
        "id: ege_rus_gap",
        "id: oge_rus_2",
        "строка 30, ключ «domains.results.indicators.oge_rus_2.id»: "
        "стоит «oge_rus_2», такой id уже есть, ожидался другой",
    ),
    "doubled between indices": (
        "{id: deviant",
        "{id: oge_rus_2",
        "строка 48, ключ «domains.social.indicators.oge_rus_2.id»: "
        "стоит «oge_rus_2», такой id уже есть в другом индексе, ожидался другой",
    ),
    "column": (
        "count: mark_2\n        total",
        "count: mark_9\n        total",
        "строка 28, ключ «domains.results.indicators.oge_rus_2.count»: "
        "стоит «mark_9», ожидался столбец с числом в таблице results: participants, mark_2, mark_3, "
        "mark_4, mark_5, below_min, score_80_plus",
    ),
    "filter": (
        "rows: {table: social}",
        "rows: {table: social, subject: [физика]}",
        "строка 49, ключ «domains.social.indicators.deviant.rows.subject»: "
        "в таблице social столбца subject нет, отбора по нему быть не может",
    ),
    "column of ФИОКО": (
        "procedure: [ОГЭ]}, count: mark_2",
        "procedure: [ОГЭ]}, count: mean_score",
        "строка 70, ключ «fioko.procedures.oge_rus.count»: "
        "стоит «mean_score», ожидался столбец с числом в таблице results: participants, mark_2, mark_3, "
        "mark_4, mark_5, below_min, score_80_plus",
    ),
    "unknown rule": (
        "band: low, rule: all3",
        "band: low, rule: all4",
        "строка 57, ключ «lists.results[1].rule»: стоит «all4», ожидалось одно из правил окна: all3, any2, ranked",
    ),
    "rule without a band": (
        "band: low, rule: all3",
        "rule: all3",
        "строка 57, ключ «lists.results[1]»: ожидалась группа band: без неё правило all3 не проверить",
    ),
    "no social rule": (
        "social_rule: any2\n",
        "",
        "строка 58, ключ «lists.social[1].rule»: "
        "стоит «social_rule», а переключатель social_rule не задан; ожидалось имя правила окна",
    ),
    "unknown social rule": (
        "social_rule: any2\n",
        "social_rule: any4\n",
        "строка 5, ключ «social_rule»: стоит «any4», ожидалось одно из правил окна: all3, any2, ranked",
    ),
    "window years": (
        "window: {length: 3}",
        "window: {length: 3, years: {2021: [2019, 2021]}}",
        "строка 51, ключ «lists.window.years.2021»: ожидались разные годы, всего 3: такова длина окна",
    ),
    "span of consecutive years": (
        "window: {length: 3}",
        "window: {length: 3, max_span: 4}",
        "строка 51, ключ «lists.window.max_span»: стоит «4», ключ имеет смысл только для policy: last_with_data",
    ),
    "span below the length": (
        "window: {length: 3}",
        "window: {length: 3, policy: last_with_data, max_span: 2}",
        "строка 51, ключ «lists.window.max_span»: стоит «2», ожидалось число не меньше 3: такова длина окна",
    ),
    "lags": (
        "[{at_least: 3}]",
        "[{lags: 2}]",
        "строка 53, ключ «lists.window_rules.all3.any_of[1].lags»: "
        "стоит «2», ожидалось число не больше 1: столько показателей отставания",
    ),
    "pool without years": (
        "    source: раздел 2",
        "    source: раздел 2\n    few_pupils: {policy: pool, min_participants: 10}",
        "строка 20, ключ «domains.results.few_pupils»: для policy: pool ожидалось, сколько лет складывать, не меньше 2",
    ),
    "year without a threshold": (
        "years: [2023, 2024]",
        "years: [2022, 2023]",
        "строка 75, ключ «thresholds.years[1]»: "
        "порога «ЕГЭ, русский язык» за 2022 год в реестре нет; записаны 2023, 2024, 2025 и 2026 годы. "
        "Добавьте строку этого года с актом: порог другого года вместо него не берётся",
    ),
    "no register": (
        "register: thresholds.yml",
        "register: other.yml",
        "строка 73, ключ «thresholds.register»: стоит «other.yml», а такого файла в папке «methods» нет",
    ),
    "policy of missing thresholds": (
        "missing: stop",
        "missing: skip",
        "строка 76, ключ «thresholds.missing»: стоит «skip», ожидалось одно из значений: «stop», «say»",
    ),
    "version": (
        'version: "1.0"',
        "version: 1.0",
        "строка 3, ключ «version»: стоит «1.0», ожидался текст (число возьмите в кавычки)",
    ),
    "word for a list": (
        "procedure: [ЕГЭ]",
        "procedure: ЕГЭ",
        "строка 37, ключ «domains.results.indicators.ege_rus_gap.rows.procedure»: стоит «ЕГЭ», ожидался список",
    ),
    "word for a section": (
        "aggregation: {kind: arithmetic}",
        "aggregation: arithmetic",
        "строка 17, ключ «domains.results.aggregation»: стоит «arithmetic», ожидался раздел с ключами",
    ),
    "list for a section": (
        "aggregation: {kind: arithmetic}",
        "aggregation: [1]",
        "строка 17, ключ «domains.results.aggregation»: ожидался раздел с ключами",
    ),
    "unknown index": (
        "  social:\n    title: Инд",
        "  socials:\n    title: Инд",
        "строка 38, ключ «domains.socials»: ожидалось одно из значений: «results», «social»",
    ),
    "id": (
        "id: small",
        "id: Малая",
        "строка 1, ключ «id»: "
        "стоит «Малая», ожидались латинские строчные буквы, цифры и знаки: образец "
        "«^[a-z0-9][a-z0-9-]*$»",
    ),
    "marks of bands": (
        "band_marks: {low: Н, mid: С, high: В}",
        "band_marks: {low: Н, high: В}",
        "строка 15, ключ «domains.results.band_marks»: ожидались названия для каждого из low, mid, high",
    ),
    "truth for a number": (
        "length: 3",
        "length: true",
        "строка 51, ключ «lists.window.length»: стоит «true», ожидалось целое число",
    ),
    "word for a number": (
        "min_coverage: 0.5\n    aggregation: {kind",
        "min_coverage: 50 %\n    aggregation: {kind",
        "строка 16, ключ «domains.results.min_coverage»: стоит «50 %», ожидалось число",
    ),
    "more procedures than there are": (
        "min_low_procedures: 1",
        "min_low_procedures: 2",
        "строка 66, ключ «fioko.min_low_procedures»: стоит «2», ожидалось число не больше 1: столько процедур",
    ),
    "few pupils without a number": (
        "    source: раздел 2",
        "    source: раздел 2\n    few_pupils: {policy: not_applicable}",
        "строка 20, ключ «domains.results.few_pupils»: "
        "для policy: not_applicable ожидалось число участников не меньше 2",
    ),
    "year after the report's year": (
        "window: {length: 3}",
        "window: {length: 3, years: {2021: [2019, 2020, 2022]}}",
        "строка 51, ключ «lists.window.years.2021»: ожидались годы не позже 2021",
    ),
    "procedure of ФИОКО in another table": (
        "rows: {table: results, procedure: [ОГЭ]}, count: mark_2",
        "rows: {table: social}, count: pupils",
        "строка 70, ключ «fioko.procedures.oge_rus.rows.table»: "
        "стоит «social», для процедуры ожидалась таблица «results»",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_wrong_file_is_refused_with_its_line_and_reason(folder, fault):
    old, new, expected = FAULTS[fault]
    assert refuse_text(folder, change(old, new)) == say(f"Файл «wrong.yml», {expected}")


def test_at_least_thirty_wrong_files_are_tried():
    assert len(FAULTS) >= 30
    assert len({expected for _, _, expected in FAULTS.values()}) == len(FAULTS) - 1  # two readings of an empty title


def test_all_faults_are_named_at_once(folder):
    text = change("direction: inverse\n        threshold: 20", "direction: up\n        threshold: 0")
    text = text.replace("source: раздел 1\n", "source: раздел 1\n  by: type\n")
    indicator = "ключ «domains.results.indicators.ege_rus_gap"
    assert refuse_text(folder, text) == say(
        "Файл «wrong.yml», строка 10, ключ «groups.by»: ключ повторяется, впервые он стоит в строке 7; оставьте один",
        f"Файл «wrong.yml», строка 36, {indicator}.direction»: "
        "стоит «up», ожидалось одно из значений: «direct», «inverse»",
        f"Файл «wrong.yml», строка 37, {indicator}.threshold»: стоит «0», ожидалось число больше 0",
    )


NO_YAML = "Файл методики «wrong.yml» не читается как YAML: ошибка в строке"
NO_KEYS = "Файл методики «wrong.yml» пуст или не содержит ключей верхнего уровня."
CHECK = "Проверьте отступы, скобки, кавычки и двоеточия рядом с этим местом."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", NO_KEYS),
        ("- 1", NO_KEYS),
        ("a: [1", f"{NO_YAML} 1, знак 6. {CHECK}"),
        ("a: 1\n\tb: 2", f"{NO_YAML} 2, знак 1. {CHECK}"),
        ("a: &x 1\nb: *x", f"{NO_YAML} 2, знак 4: ссылки «*имя» не принимаются. Напишите значение целиком."),
        ("a: \x00", f"Файл методики «wrong.yml» не читается как YAML: в нём есть недопустимые знаки. {CHECK}"),
        (
            "id: я".encode("cp1251"),
            "Файл методики «wrong.yml» записан не в кодировке UTF-8. Сохраните его заново в UTF-8.",
        ),
    ],
)
def test_file_that_is_no_methodology_is_refused(folder, text, expected):
    assert refuse_text(folder, text) == expected


def test_file_may_begin_with_a_byte_order_mark(folder):
    assert load_text(folder, b"\xef\xbb\xbf" + GOOD.encode()).id == "small"


def test_weights_that_sum_to_one_are_taken(folder):
    text = change("aggregation: {kind: arithmetic}", "aggregation: {weights_by: block, weights: {oge: 0.7, ege: 0.3}}")
    assert load_text(folder, text).domains["results"].aggregation.weights == {"oge": 0.7, "ege": 0.3}


def test_new_rules_are_off_unless_named(folder):
    loaded = load_methodology(folder / "small.yml")
    assert loaded.domains["results"].few_pupils == FewPupils(policy="as_is")
    assert loaded.lists.window.policy == "consecutive"
    text = change("window: {length: 3}", "window: {length: 3, policy: last_with_data, max_span: 5}")
    text = text.replace("[{at_least: 3}]", "[{mean: true}, {lags: 1}]")
    text = text.replace("    source: раздел 2", "    few_pupils: {policy: not_applicable, min_participants: 5}")
    text = text.replace("min_participants: 5}", "min_participants: 5}\n    source: раздел 2")
    named = load_text(folder, text)
    assert (named.lists.window.policy, named.lists.window.max_span) == ("last_with_data", 5)
    assert [(item.mean, item.lags) for item in named.lists.window_rules["all3"].any_of] == [(True, None), (None, 1)]
    assert named.domains["results"].few_pupils.min_participants == 5


OWN = 'extends: small\nid: other\ntitle: Другая\nversion: "2"\nsource: проверка\n'


def test_file_extends_another_key_by_key(folder):
    changes = "domains:\n  results:\n    min_coverage: 0.7\n    indicators:\n      - {id: ege_rus_gap, threshold: 10}\n"
    base, other = load_methodology(folder / "small.yml"), load_text(folder, OWN + changes, "other")
    assert (other.id, other.title, other.version) == ("other", "Другая", "2")
    rules = other.domains["results"]
    assert (rules.min_coverage, other.indicators["ege_rus_gap"].threshold) == (0.7, 10)
    assert other.indicators["oge_rus_2"] == base.indicators["oge_rus_2"]
    assert (other.domains["social"], other.lists, other.fioko) == (base.domains["social"], base.lists, base.fioko)


def test_extending_file_may_add_a_record_and_remove_a_key(folder):
    added = "  - {id: ege, title: ЕГЭ, rows: {table: results, procedure: [ЕГЭ]}, count: below_min}\n"
    other = load_text(folder, f"{OWN}thresholds:\nfioko:\n  procedures:\n  {added}", "other")
    assert other.thresholds is None
    assert [procedure.id for procedure in other.fioko.procedures] == ["oge_rus", "ege"]


def test_blocks_and_procedures_are_left_out(folder):
    add = "    - {id: ege, title: ЕГЭ, rows: {table: results, procedure: [ЕГЭ]}, count: below_min}\n"
    text = f"{OWN}without: {{blocks: [ege], indicators: [], procedures: [ОГЭ]}}\nfioko:\n  procedures:\n{add}"
    other = load_text(folder, text, "other")
    assert list(other.indicators) == ["oge_rus_2", "deviant"]
    assert [procedure.id for procedure in other.fioko.procedures] == ["ege"]


def test_what_a_base_leaves_out_stays_out(folder):
    load_text(folder, f"{OWN}without: {{blocks: [ege]}}", "other")
    third = OWN.replace("small", "other").replace("id: other", "id: third") + "without: {blocks: []}"
    assert list(load_text(folder, third).indicators) == ["oge_rus_2", "deviant"]


WRONG_EXTENSIONS = {
    "fault in the base": (
        OWN + "lists: {window: {length: 2}}",
        "Файл «small.yml», строка 53, ключ «lists.window_rules.all3.any_of[1].at_least»: "
        "стоит «3», ожидалось число не больше 2: такова длина окна",
    ),
    "fault in the file": (
        OWN + "domains:\n  results:\n    indicators:\n      - {id: ege_rus_gap, direction: up}",
        "Файл «wrong.yml», строка 9, ключ «domains.results.indicators.ege_rus_gap.direction»: "
        "стоит «up», ожидалось одно из значений: «direct», «inverse»",
    ),
    "no own id": (
        OWN.replace("id: other\n", ""),
        "Файл «small.yml», строка 1, ключ «id»: ключ взят из файла «small.yml», ожидался свой в файле «wrong.yml»",
    ),
    "nothing to leave out": (
        OWN + "without:\n  blocks: [vpr]",
        "Файл «wrong.yml», строка 7, ключ «without.blocks[1]»: стоит «vpr», а исключать под этим именем нечего",
    ),
    "unknown way to leave out": (
        OWN + "without: {exams: [ВПР]}",
        "Файл «wrong.yml», строка 6, ключ «without.exams»: такого ключа нет; допустимы: blocks, indicators, procedures",
    ),
    "no index of results": (
        OWN + "domains: {results: }",
        "Файл «wrong.yml», строка 6, ключ «domains»: ожидался индекс results",
    ),
    "statuses without an index": (
        OWN + "domains: {social: }",
        "Файл «small.yml», строка 58, ключ «lists.social»: статусы заданы, а индекса social нет",
    ),
    "nothing left": (
        OWN + "without: {blocks: [oge, ege]}",
        "Файл «small.yml», строка 20, ключ «domains.results.indicators»: ожидался непустой список",
    ),
}


@pytest.mark.parametrize("fault", WRONG_EXTENSIONS)
def test_fault_of_an_extending_file_names_the_right_file(folder, fault):
    text, expected = WRONG_EXTENSIONS[fault]
    assert refuse_text(folder, text) == say(expected)


@pytest.mark.parametrize(
    ("base", "reason"),
    [("nothing", "такого файла нет"), ("wrong", "файлы ссылаются друг на друга"), ("[a]", "такого файла нет")],
)
def test_base_has_to_be_another_file(folder, base, reason):
    message = refuse_text(folder, OWN.replace("small", base))
    assert message.startswith("Файл «wrong.yml», строка 1, ключ «extends»: ")
    assert message.endswith(f"ожидалось имя другого файла папки «methods» или путь к файлу, без .yml; {reason}.")


def test_file_of_another_folder_is_extended_with_its_registers(folder):
    own = folder.parent / "own"
    own.mkdir()
    (own / "mine.yml").write_text(OWN.replace("small", "../methods/small"), encoding="utf-8")
    made = load_methodology(own / "mine.yml")
    assert (made.id, made.thresholds.register_file) == ("other", "../methods/thresholds.yml")
    found = {path.resolve() for path in list_files(own / "mine.yml")}
    assert found == {own / "mine.yml", folder / "small.yml", folder / "thresholds.yml"}
    assert Methodology.model_validate_json(made.model_dump_json(by_alias=True)) == made


def test_circle_through_another_folder_is_found(folder):
    own = folder.parent / "own"
    own.mkdir()
    (own / "mine.yml").write_text(OWN.replace("small", "../methods/round"), encoding="utf-8")
    (folder / "round.yml").write_text(OWN.replace("small", "../own/../own/mine"), encoding="utf-8")
    with pytest.raises(MethodologyError, match="файлы ссылаются друг на друга"):
        load_methodology(own / "mine.yml")


def test_methodology_without_dynamics_is_refused_at_loading(folder):
    text = refuse_text(folder, GOOD.partition("dynamics:")[0])
    assert "ожидался раздел dynamics: без него отчётов не составить" in text


def test_unknown_name_lists_the_known_ones(methodologies):
    with pytest.raises(MethodologyError) as caught:
        load_methodology(find_methodology("habarovsk", methodologies))
    message = str(caught.value)
    assert message.startswith("Методики «habarovsk» нет. В папке «methodologies» есть: ")
    assert all(f"«{path.stem}»" in message for path in FILES)
    assert "thresholds" not in message
    assert str(ROOT) not in message


def test_unknown_name_in_an_empty_folder(tmp_path):
    with pytest.raises(MethodologyError, match="есть: нет ни одной"):
        load_methodology(tmp_path / "a.yml")


def test_methodology_is_found_by_name_or_path(methodologies):
    assert find_methodology("khabarovsk-2020", methodologies) == DEFAULT
    assert find_methodology("other/a.yml", methodologies) == Path("other/a.yml")


def test_files_a_methodology_is_made_of(folder):
    found = [path.name for path in list_files(FOLDER / "fioko-shnor-no-vpr.yml")]
    assert found == [
        "fioko-shnor-no-vpr.yml",
        "fioko-shnor.yml",
        "khabarovsk-2020.yml",
        "thresholds.yml",
        "vpr_borders.yml",
    ]
    (folder / "wrong.yml").write_text("a: [", encoding="utf-8")
    assert list_files(folder / "wrong.yml") == [folder / "wrong.yml"]
    assert list_files(folder / "absent.yml") == [folder / "absent.yml"]


def test_switches_replace_what_the_file_says():
    plain, switched = load_methodology(DEFAULT), load_methodology(DEFAULT, orientation="literal", social_rule="last2")
    assert (plain.orientation, plain.social_rule) == ("consistent", "any2of3")
    assert (switched.orientation, switched.social_rule) == ("literal", "last2")
    status = switched.lists.social[0]
    assert switched.find_rule(status) == switched.lists.window_rules["last2"]


@pytest.mark.parametrize(
    ("switch", "expected"),
    [
        (
            {"orientation": "reverse"},
            "Параметр «orientation»: стоит «reverse», ожидалось одно из значений: «consistent», «literal»",
        ),
        (
            {"social_rule": "any"},
            "Параметр «social_rule»: стоит «any», ожидалось одно из правил окна: all3, any2, ranked",
        ),
    ],
)
def test_unknown_switch_is_refused(folder, switch, expected):
    with pytest.raises(MethodologyError) as caught:
        load_methodology(folder / "small.yml", **switch)
    assert str(caught.value) == say(expected, name="small")


def test_methodology_cannot_be_changed(methodology):
    with pytest.raises(ValueError, match="frozen"):
        methodology.orientation = "literal"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_names_title_short_and_source(path):
    loaded = load_methodology(path)
    assert loaded.id == path.stem
    parts = [loaded, loaded.groups, loaded.lists, *loaded.domains.values(), *([loaded.fioko] if loaded.fioko else [])]
    assert all(part.source.strip() for part in parts)
    shorts = [indicator.short for indicator in loaded.indicators.values()]
    assert len(set(shorts)) == len(shorts)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_survives_being_left_behind(path):
    loaded = load_methodology(path)
    assert Methodology.model_validate_json(loaded.model_dump_json()) == loaded


def test_methodologies_have_titles_of_their_own():
    titles = [load_methodology(path).title for path in FILES]
    assert len(set(titles)) == len(titles) >= 10


WITH_VPR = [path for path in FILES if not path.stem.endswith("-no-vpr")]


@pytest.mark.parametrize("path", WITH_VPR, ids=lambda path: path.stem)
def test_every_methodology_stands_without_vpr_too(path):
    whole, bare = load_methodology(path), load_methodology(path.with_name(f"{path.stem}-no-vpr.yml"))
    left_out = set(whole.indicators) - set(bare.indicators)
    assert left_out == {name for name, item in whole.indicators.items() if "ВПР" in item.rows.procedure}
    assert len(left_out) == 6
    assert "ВПР" not in str([bare.domains, bare.fioko and bare.fioko.procedures])
    assert (bare.lists, bare.groups, bare.orientation) == (whole.lists, whole.groups, whole.orientation)


def test_readings_of_the_document_differ_in_one_switch():
    plain = load_methodology(DEFAULT)
    literal, last2 = (load_methodology(FOLDER / f"khabarovsk-2020-{name}.yml") for name in ("literal", "last2"))
    names = {"id", "title", "version", "source"}
    assert literal.model_dump(exclude=names) == plain.model_dump(exclude=names) | {"orientation": "literal"}
    assert last2.model_dump(exclude=names) == plain.model_dump(exclude=names) | {"social_rule": "last2_or_all3"}


def test_readings_of_groups_and_of_certificates_are_the_switches_in_files_of_their_own():
    plain, names = load_methodology(DEFAULT), dict.fromkeys(("id", "title", "version", "source"), "x")
    for stem, switch in (("two-groups", {"groups": "two"}), ("participants", {"certificate_total": "participants"})):
        other = load_methodology(FOLDER / f"khabarovsk-2020-{stem}.yml")
        switched = load_methodology(DEFAULT, **switch)
        assert other.model_copy(update=names) == switched.model_copy(update=names) != plain.model_copy(update=names)
    assert (plain.groups.chosen["вечерняя"], plain.certificate_total) == ("вечерние", "graduates")
    assert load_methodology(DEFAULT, groups="two").groups.chosen["вечерняя"] == "основные"
    assert plain.model_copy(update={"certificate_total": "participants"}) == switched
    with pytest.raises(MethodologyError, match=r"Параметр «groups\.reading»: .*three, two"):
        load_methodology(DEFAULT, groups="four")
    with pytest.raises(MethodologyError, match=r"certificate_total.*graduates.*participants"):
        load_methodology(DEFAULT, certificate_total="pupils")


@pytest.mark.parametrize(
    ("name", "expected"), [("khabarovsk-2018", {20}), ("khabarovsk-2018-scaled", {20, 4, 1})], ids=["one", "scaled"]
)
def test_criterion_of_2018_is_a_lag_in_any_exam(name, expected):
    loaded = load_methodology(FOLDER / f"{name}.yml")
    assert {item.threshold for item in loaded.indicators.values() if item.kind == "gap"} == expected
    (status,) = loaded.lists.results
    assert [condition.lags for condition in loaded.find_rule(status).any_of] == [1]
    assert loaded.lists.window.length == 1


def test_register_has_no_row_for_the_years_of_the_reference_region(methodology):
    use = methodology.thresholds
    assert use.missing == "say"
    years = {row.year for row in load_register(FOLDER / use.register_file).thresholds}
    assert min(years) == 2023


def test_default_methodology_has_the_indicators_of_the_document(methodology):
    sizes = {domain: len(rules.indicators) for domain, rules in methodology.domains.items()}
    assert sizes == {"results": 21, "social": 11}
    thresholds = {item.id: item.threshold for item in methodology.indicators.values() if item.kind == "gap"}
    assert thresholds == {
        "ege_rus_gap": 20,
        "ege_math_gap": 20,
        "ege_math_base_gap": 4,
        "oge_rus_gap": 1,
        "oge_math_gap": 1,
        "vpr_rus_gap": 1,
        "vpr_math_gap": 1,
    }
