"""Files in the shapes that offices send: read again by a plain reader of the tests, they give the contract tables."""

import csv
import os
import re
import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyreadstat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from effschool import demo
from effschool.base.schemas import MARKS, SOCIAL_COUNTS
from effschool.base.storage import save_workbook
from effschool.demo import federal, offices, pupils, yearly
from effschool.demo.settings import load_settings
from effschool.demo.social_forms import make_social_book
from effschool.demo.writing import list_social

KEYS = ["year", "school_id", "procedure", "subject", "grade"]
COUNTED = ["participants", *MARKS]
LOGIN = re.compile(r"\((?:edu|sch)(\d{6})\)$")
SMALL = {"schools": 36, "municipalities": 3, "years": 4}


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("offices")
    demo.make_demo_region(folder, shapes=True)
    return folder


@cache
def build_tables() -> dict[str, pd.DataFrame]:
    return demo.build_demo_tables()


@cache
def build_told() -> dict[str, pd.DataFrame]:
    return demo.build_told_tables()


def select(procedure: str, year: int, tables: dict[str, pd.DataFrame] | None = None) -> pd.DataFrame:
    rows = (tables or build_tables())["results"]
    rows = rows[(rows["procedure"] == procedure) & (rows["year"] == year)]
    return rows.sort_values(KEYS).reset_index(drop=True)


def read_cells(path: Path, sheet: int = 0) -> list[list]:
    frame = pd.read_excel(path, sheet_name=sheet, header=None, dtype=object, engine="calamine")
    return frame.astype(object).where(frame.notna(), None).to_numpy().tolist()


def read_csv(path: Path, encoding: str) -> list[dict[str, str]]:
    with path.open(encoding=encoding, newline="") as stream:
        return list(csv.DictReader(stream, delimiter=";"))


def share_out(participants: int, shares: list) -> list:
    """Whole counts by the largest remainder."""
    if None in shares:
        return [pd.NA] * len(shares)
    exact = [share * participants / 100 for share in shares]
    counts = [int(value + 1e-9) for value in exact]
    order = sorted(range(len(exact)), key=lambda place: counts[place] - exact[place])
    for place in order[: participants - sum(counts) if participants else 0]:
        counts[place] += 1
    return counts


def compare(read: list[list], columns: list[str], truth: pd.DataFrame) -> None:
    frame = pd.DataFrame(read, columns=columns).astype(truth[columns].dtypes.to_dict())
    keys = [name for name in [*KEYS, "level"] if name in columns]
    expected = truth[columns].sort_values(keys).reset_index(drop=True)
    pd.testing.assert_frame_equal(frame.sort_values(keys).reset_index(drop=True), expected)
    assert len(expected) > 10


def read_paper(cells: list[list]) -> tuple[int, str, int]:
    """Year, subject and grade of the title rows."""
    year, grade = re.fullmatch(r"ВПР (\d{4})\. (\d+) класс", cells[0][0]).groups()
    return int(year), cells[1][0].removeprefix("Предмет: ").lower(), int(grade)


def test_statistics_by_marks_give_the_counts(region: Path) -> None:
    read = []
    papers = [path for path in (region / "vpr").glob("*.xlsx") if path.stem.endswith("класс")]
    for path in papers:
        cells = read_cells(path)
        year, subject, grade = read_paper(cells)
        assert path.stem.lower() == f"{subject} {grade} класс"
        for group, _, participants, *shares in cells[6:]:
            login = LOGIN.search(group)
            if login:
                counts = share_out(participants, shares)
                read.append([year, login[1], "ВПР", subject, grade, participants, *counts])
    assert len(papers) == 10
    assert any(pd.isna(row[-1]) for row in read)
    assert any(row[5] == 0 for row in read)
    compare(read, [*KEYS, *COUNTED], select("ВПР", 2023))


def test_statistics_have_their_heads_and_groups(region: Path) -> None:
    sheet = openpyxl.load_workbook(region / "vpr" / "Русский язык 5 класс.xlsx").worksheets[0]
    rows = [[cell for cell in row if cell is not None] for row in sheet.iter_rows(values_only=True)]
    assert sheet.title == "Статистика по отметкам"
    assert rows[:4] == [["ВПР 2023. 5 класс"], ["Предмет: Русский язык"], ["Статистика по отметкам"], []]
    assert rows[4] == ["Распределение отметок, %"]
    assert rows[5] == ["Группы участников", "Кол-во ОО", "Кол-во участников", 2, 3, 4, 5]
    assert sheet["D5"].value == "Распределение отметок, %"
    assert {str(area) for area in sheet.merged_cells.ranges} == {"A1:G1", "A2:G2", "A3:G3", "D5:G5"}
    assert [rows[place][0] for place in (6, 7)] == ["Вся выборка", "Демонстрационный край"]
    assert rows[-1][0].startswith("*")
    groups = [row[0] for row in rows[8:-1]]
    assert set(build_tables()["schools"]["municipality"]) == {name for name in groups if not LOGIN.search(name)}
    assert not LOGIN.search(groups[0])


def test_merged_cells_are_written_in_order(region: Path) -> None:
    """The order of a set would differ from run to run, and the bytes with it."""
    with zipfile.ZipFile(region / "vpr" / "Русский язык 5 класс.xlsx") as packed:
        text = packed.read("xl/worksheets/sheet1.xml").decode()
    assert re.findall(r'<mergeCell ref="(\w+:\w+)"', text) == ["A1:G1", "A2:G2", "A3:G3", "D5:G5"]


def test_municipality_of_the_federal_export_is_the_sum_of_its_schools(region: Path) -> None:
    cells = read_cells(region / "vpr" / "Математика 6 класс.xlsx")[8:-1]
    places = [place for place, row in enumerate(cells) if not LOGIN.search(row[0])]
    for start, end in zip(places, [*places[1:], len(cells)], strict=True):
        schools = [row for row in cells[start + 1 : end] if row[3] is not None and row[2]]
        assert cells[start][2] == sum(row[2] for row in schools)
        assert cells[start][1] == len(schools)
        twos = sum(row[2] * row[3] for row in schools) / cells[start][2]
        assert cells[start][3] == pytest.approx(twos, abs=0.011)


def test_flat_form_gives_the_counts(region: Path) -> None:
    rows = read_csv(region / "vpr" / "ВПР 2022.csv", "cp1251")
    read = []
    for row in rows:
        year, grade, subject, municipality, name, login, participants, *shares = row.values()
        assert municipality
        if name != "Итого":
            assert not any("." in share for share in shares)
            known = [float(share.replace(",", ".")) if share else None for share in shares]
            number = int(participants)
            read.append([int(year), login.removeprefix("sch"), "ВПР", subject.lower(), int(grade), number])
            read[-1] += share_out(number, known)
    compare(read, [*KEYS, *COUNTED], select("ВПР", 2022))
    heads = "Год;Класс;Предмет;Муниципалитет;ОО;Логин;Кол-во участников;2;3;4;5"
    assert ";".join(rows[0]) == heads
    totals = [row for row in rows if row["ОО"] == "Итого"]
    assert 180 <= len(totals) <= 190
    assert not any(row["Логин"] for row in totals)


def test_journal_rows_add_up_to_the_participants(region: Path) -> None:
    cells = read_cells(region / "vpr" / "Математика 5 класс, сравнение с журналом.xlsx")
    assert cells[4] == ["Группы участников", "Кол-во участников", "%"]
    body = cells[5:]
    groups = [body[start : start + 5] for start in range(0, len(body), 5)]
    participants = {}
    for (name, *blank), lowered, confirmed, raised, total in groups:
        assert blank == [None, None]
        assert [lowered[0][:8], confirmed[0][:11], raised[0][:8], total[0]] == [
            "Понизили", "Подтвердили", "Повысили", "Всего"
        ]  # fmt: skip
        assert lowered[1] + confirmed[1] + raised[1] == total[1]
        assert lowered[2] + confirmed[2] + raised[2] == pytest.approx(total[2], abs=0.02)
        login = LOGIN.search(name)
        if login:
            participants[login[1]] = total[1]
    truth = select("ВПР", 2023).query("subject == 'математика' and grade == 5 and participants > 0")
    truth = truth.dropna(subset=["mark_2"])
    assert participants == dict(zip(truth["school_id"], truth["participants"], strict=True))


def test_primary_scores_agree_with_the_marks(region: Path) -> None:
    cells = read_cells(region / "vpr" / "Русский язык 4 класс, первичные баллы.xlsx")
    assert cells[5] == ["Группы участников", "Кол-во участников", *range(39)]
    truth = select("ВПР", 2023).query("subject == 'русский язык' and grade == 4").set_index("school_id")
    seen = 0
    for group, participants, *shares in cells[6:]:
        login = LOGIN.search(group)
        if login:
            counts = np.array(share_out(participants, shares))
            by_mark = [counts[low:high].sum() for low, high in ((0, 14), (14, 24), (24, 33), (33, 39))]
            assert by_mark == truth.loc[login[1], list(MARKS)].tolist()
            seen += 1
    assert seen > 300


def test_marked_schools_stand_out(region: Path) -> None:
    cells = read_cells(region / "marked.xlsx")
    assert cells[0] == ["Год", "Логин", "Наименование ОО", "4 РУ", "4 МА", "5 РУ", "5 МА", "Всего"]
    for row in cells[1:]:
        assert set(row[3:7]) <= {1, None}
        assert row[7] == sum(cell is not None for cell in row[3:7]) >= 1
    marked = {row[1][3:] for row in cells[1:] if row[0] == 2023 and row[3] == 1}
    scores = read_cells(region / "vpr" / "Русский язык 4 класс, первичные баллы.xlsx")
    found = [(LOGIN.search(row[0]), row[1], row[2:]) for row in scores[6:]]
    at_border = {
        is_marked: np.average([shares[24] for login, _, shares in found if login and (login[1] in marked) == is_marked])
        for is_marked in (True, False)
    }
    assert at_border[True] > 3 * at_border[False]
    assert len(marked) >= 3


def read_wide(cells: list[list]) -> list[list]:
    subjects = ["русский язык", "математика (профильная)", "математика (базовая)"]
    read = []
    for municipality, school_id, _, _, *exams in cells[2:]:
        if municipality != "Итого по муниципалитету":
            for place, subject in enumerate(subjects):
                number, mean, below, high = exams[4 * place : 4 * place + 4]
                if number is not None:
                    read.append([2022, school_id, "ЕГЭ", subject, 11, number, below, high, mean])
    return read


def test_wide_table_gives_counts_and_means(region: Path) -> None:
    path = region / "gia" / "ЕГЭ 2022.xlsx"
    read = read_wide(read_cells(path))
    fields = ["participants", "below_min", "score_80_plus", "mean_score"]
    compare(read, [*KEYS, *fields], select("ЕГЭ", 2022))
    sheet = openpyxl.load_workbook(path).worksheets[0]
    assert [row for row, look in sheet.row_dimensions.items() if look.hidden] == [4, 8]
    assert sheet.auto_filter.ref == f"A2:P{sheet.max_row}"
    assert {"A1:A2", "D1:D2", "E1:H1", "M1:P1"} <= {str(area) for area in sheet.merged_cells.ranges}
    totals = [row for row in sheet.iter_rows() if row[0].value == "Итого по муниципалитету"]
    assert len(totals) == 19
    assert all(row[4].font.bold for row in totals)
    graduates = build_tables()["certificates"].query("year == 2022 and level == 'СОО'")
    listed = {row[1].value for row in sheet.iter_rows(min_row=3)}
    expected = graduates[graduates["school_id"].isin(listed)]["graduates"].sum()
    assert sum(row[3].value for row in totals) == expected


def test_totals_of_the_wide_table_are_weighted_by_participants(region: Path) -> None:
    cells = read_cells(region / "gia" / "ЕГЭ 2022.xlsx")[2:]
    first = next(place for place, row in enumerate(cells) if row[0] == "Итого по муниципалитету")
    schools = pd.DataFrame(cells[:first])[[4, 5, 6]].astype(float)
    assert len(schools) > 1
    assert cells[first][5] == pytest.approx(np.average(schools[5], weights=schools[4]), abs=0.0051)
    assert [cells[first][4], cells[first][6]] == [schools[4].sum(), schools[6].sum()]


def count_protocol(rows: pd.DataFrame) -> pd.DataFrame:
    """Participants of a protocol: year, school and subject, with `value` for the mean and flags that are summed."""
    rows = rows[~rows["status"].isin(["Не явился", "Аннулирован"])]
    flags = [name for name in rows if name in {*MARKS, "below_min", "score_80_plus"}]
    groups = rows.groupby(["school_id", "subject"])
    return groups[flags].sum().assign(participants=groups.size(), mean_score=groups["value"].mean())


def check_protocol(counted: pd.DataFrame, truth: pd.DataFrame) -> None:
    """Known cells of the table come back; a row without participants has no pupil."""
    truth = truth[truth["participants"] > 0].set_index(["school_id", "subject"]).sort_index()
    assert list(counted.index) == list(truth.index)
    for name in counted.columns.drop("mean_score"):
        known = truth[name].notna()
        assert known.sum() > 50
        assert (counted.loc[known, name] == truth.loc[known, name]).all(), name
    known = truth["mean_score"].notna()
    assert np.abs(counted["mean_score"] - truth["mean_score"])[known].max() <= 0.005 + 1e-9


def test_oge_protocol_gives_counts_and_means(region: Path) -> None:
    cells = read_cells(region / "gia" / "ОГЭ 2023 протокол.xlsx")
    assert cells[3][:4] == ["№", "Код ОО", "Класс", "Фамилия"]
    assert cells[3][4:] == [
        "Имя", "Отчество", "Номер документа", "Код предмета", "Предмет", "Первичный балл", "Отметка", "Статус", "Форма"
    ]  # fmt: skip
    assert cells[4] == list(range(1, 14))
    rows = pd.DataFrame(cells[5:], columns=cells[3])
    assert set(rows["Форма"]) == {"ОГЭ", "ГВЭ"}
    assert set(rows["Статус"].dropna()) == {"Действующий", "Не явился", "Аннулирован", "Апелляция удовлетворена"}
    assert set(rows["Предмет"]) == {"1 - Русский язык", "2 - Математика"}
    usual = rows[rows["Форма"] == "ОГЭ"]
    pupils_read = pd.DataFrame(
        {
            "school_id": usual["Код ОО"],
            "subject": usual["Предмет"].str[4:].str.lower(),
            "status": usual["Статус"],
            "value": usual["Отметка"].astype(float),
            **{mark: usual["Отметка"] == number for number, mark in enumerate(MARKS, start=2)},
        }
    )
    check_protocol(count_protocol(pupils_read), select("ОГЭ", 2023))


def test_pupils_of_protocols_have_no_names(region: Path) -> None:
    cells = read_cells(region / "gia" / "ОГЭ 2023 протокол.xlsx")[5:]
    assert {row[3] for row in cells} == {"Участник"}
    assert all(re.fullmatch(r"\d{4}", row[4]) for row in cells)
    assert all(row[6] == f"0000 {row[1]}{row[4]}" for row in cells)


def test_primary_scores_of_oge_lie_in_their_marks(region: Path) -> None:
    cells = read_cells(region / "gia" / "ОГЭ 2023 протокол.xlsx")[5:]
    least = {1: [0, 15, 23, 29, 34], 2: [0, 8, 15, 22, 32]}
    for row in cells:
        if row[10] is not None:
            assert least[row[7]][row[10] - 2] <= row[9] < least[row[7]][row[10] - 1]


def read_ege(region: Path) -> pd.DataFrame:
    rows = pd.DataFrame(read_csv(region / "gia" / "ЕГЭ 2023 протокол.csv", "utf-8"))
    subject = rows["Код предмета"].map(
        {"1": "русский язык", "2": "математика (профильная)", "22": "математика (базовая)"}
    )
    is_basic = rows["Код предмета"] == "22"
    score, primary = pd.to_numeric(rows["Тестовый балл"]), pd.to_numeric(rows["Первичный балл"])
    return pd.DataFrame(
        {
            "school_id": rows["Код ОО"],
            "subject": subject,
            "status": rows["Статус"],
            "number": rows["Код участника"],
            "value": primary.where(is_basic, score),
            "below_min": score < subject.map({"русский язык": 24, "математика (профильная)": 27}).fillna(3),
            "score_80_plus": score >= 80,
        }
    )


def test_ege_protocol_gives_counts_and_means(region: Path) -> None:
    truth, counted = select("ЕГЭ", 2023), count_protocol(read_ege(region))
    is_basic = truth["subject"] == "математика (базовая)"
    basic = counted.index.get_level_values("subject") == "математика (базовая)"
    check_protocol(counted[~basic], truth[~is_basic])
    check_protocol(counted[basic].drop(columns="score_80_plus"), truth[is_basic])


def test_no_pupil_takes_both_levels_of_mathematics(region: Path) -> None:
    rows = read_ege(region)
    maths = rows[rows["subject"].str.startswith("математика")]
    assert not maths.duplicated(["school_id", "number"]).any()


def test_told_tables_are_what_the_protocols_give(region: Path) -> None:
    told = select("ЕГЭ", 2023, build_told()).set_index(["school_id", "subject"]).sort_index()
    counted = count_protocol(read_ege(region)).sort_index()
    assert list(told.index) == list(counted.index)
    assert np.allclose(told["mean_score"], counted["mean_score"])
    assert (told["below_min"] == counted["below_min"]).all()


def test_told_tables_differ_only_where_the_shapes_cannot_tell() -> None:
    truth, told = build_tables(), build_told()
    for name in ("schools", "certificates", "social", "programme"):
        pd.testing.assert_frame_equal(truth[name], told[name])
    assert told["results"].dtypes.to_dict() == truth["results"].dtypes.to_dict()
    left, right = truth["results"].set_index(KEYS), told["results"].set_index(KEYS)
    lost = left.drop(index=right.index)
    assert not right.index.difference(left.index).size
    assert set(lost["participants"]) == {0}
    left = left.loc[right.index]
    for name in left.columns.drop("mean_score"):
        assert left[name].dropna().equals(right[name][left[name].notna()])
    last = right.index.get_level_values("year") >= 2022
    is_vpr = right.index.get_level_values("procedure") == "ВПР"
    assert right.loc[last & is_vpr, "mean_score"].isna().all()
    elsewhere = left["mean_score"].notna() & ~(last & is_vpr)
    assert (left["mean_score"] - right["mean_score"])[elsewhere].abs().max() <= 0.005 + 1e-9


def test_register_gives_the_schools_of_its_year(region: Path) -> None:
    cells = read_cells(region / "Реестр организаций 2023.xlsx")
    types = {
        "Средняя общеобразовательная школа": "средняя",
        "Основная общеобразовательная школа": "основная",
        "Вечерняя (сменная) общеобразовательная школа": "вечерняя",
        "Начальная общеобразовательная школа": "начальная",
    }
    read = [
        [2023, code, name, municipality, types[kind], {"городская": "город", "сельская": "село"}[place], number, note]
        for _, code, _, name, municipality, kind, place, number, note in cells[4:]
    ]
    schools = build_tables()["schools"]
    compare(read, list(schools.columns), schools[schools["year"] == 2023])
    assert all(row[2].split()[0] in {"Муниципальное", "Краевое"} for row in cells[4:])


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("МБОУ СОШ № 5 п. Янтарный", "«Средняя общеобразовательная школа № 5 п. Янтарный»"),
        ("МБОУ «Гимназия № 3» г. Белка", "«Гимназия № 3» г. Белка"),
    ],
)
def test_official_names_are_spelt_out(short: str, full: str) -> None:
    said = yearly.spell_official(short, load_settings().offices.official)
    assert said == f"Муниципальное бюджетное общеобразовательное учреждение {full}"


def test_certificates_of_spss_give_the_table(region: Path) -> None:
    frame, meta = pyreadstat.read_sav(region / "Аттестаты 2021.sav")
    levels = meta.variable_value_labels["level"]
    assert levels == {1: "ООО", 2: "СОО"}
    assert list(meta.column_labels) == ["Год", "Код ОО", "Уровень", "Выпускников", "Без аттестата"]
    assert meta.creation_time.year == 2000
    frame["level"] = frame["level"].map(levels)
    truth = build_tables()["certificates"]
    compare(frame.to_numpy().tolist(), list(truth.columns), truth[truth["year"] == 2021])


def read_social(path: Path) -> list[list]:
    cells = read_cells(path)
    (head,) = [place for place, row in enumerate(cells) if row[0] == "Год"]
    return [
        [int(year), str(code).zfill(6), *(None if value is None else int(value) for value in counts)]
        for year, code, *counts in cells[head + 1 :]
        if re.fullmatch(r"20\d\d", str(year))
    ]


def test_social_forms_lose_nothing(region: Path) -> None:
    read = [row for path in sorted((region / "social").iterdir()) for row in read_social(path)]
    compare(read, ["year", "school_id", "pupils", *SOCIAL_COUNTS], build_tables()["social"])


def load_fault(fault: str, path: Path) -> openpyxl.Workbook:
    """The form of the first place that has a fault."""
    settings = load_settings()
    (_, rows), *_ = list_social(demo.build_demo_tables(**SMALL), settings)
    faults = settings.offices.social.faults
    place = next(number for number, names in enumerate(faults) if fault in names)
    save_workbook(make_social_book(rows, place, settings), path)
    return openpyxl.load_workbook(path)


def test_every_fault_of_social_forms_is_there(tmp_path: Path) -> None:
    faults = {name for names in load_settings().offices.social.faults for name in names}
    books = {name: load_fault(name, tmp_path / f"{name}.xlsx") for name in faults}
    sheets = {name: book["Социальные условия"] for name, book in books.items()}
    cells = {name: list(sheet.iter_rows(values_only=True)) for name, sheet in sheets.items()}
    assert {str(area) for area in sheets["titles"].merged_cells.ranges} == {"A1:N1", "A2:N2"}
    assert cells["numbering"][1] == tuple(range(1, 15))
    assert cells["total"][-1][0] == "Итого"
    assert cells["footnote"][-1][0].startswith("*")
    assert cells["nbsp"][0][1] == "Код\N{NO-BREAK SPACE}ОО"
    assert {type(value) for row in cells["texts"][1:] for value in row} <= {str, type(None)}
    assert {type(row[1]) for row in cells["codes"][1:]} == {int}
    assert books["sheet"].sheetnames == ["Социальные условия", "Инструкция"]
    assert [cell.value for row in sheets["comment"] for cell in row if cell.comment] == [2023]
    assert sum(look.hidden for look in sheets["hidden"].row_dimensions.values()) == 2
    assert {len(read_social(tmp_path / f"{name}.xlsx")) for name in books} == {len(cells["codes"]) - 1}


def test_contract_files_hold_the_other_rows(region: Path) -> None:
    tables, settings = build_tables(), load_settings()
    forms = {"schools": "year != 2023", "certificates": "year != 2021"}
    forms["results"] = "year < 2022 or (year == 2022 and procedure == 'ОГЭ')"
    for name, rest in forms.items():
        written = pd.read_csv(region / f"{name}.csv", dtype={"Код ОО": str})
        headings = {heading: column for column, heading in settings.headings[name].items()}
        keys = [column for column in [*KEYS, "level"] if column in tables[name]]
        read = written.rename(columns=headings)[keys]
        assert read.to_numpy().tolist() == tables[name].query(rest)[keys].to_numpy().tolist()


def run_elsewhere(folder: Path, hash_seed: str) -> dict[str, bytes]:
    code = "import sys, pathlib\nfrom effschool.demo import make_demo_region\n"
    code += f"make_demo_region(pathlib.Path(sys.argv[1]), shapes=True, **{SMALL})"
    settings = {**os.environ, "PYTHONHASHSEED": hash_seed}
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True, env=settings, timeout=120)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_same_seed_gives_same_bytes_in_another_process(tmp_path: Path) -> None:
    one, two = (run_elsewhere(tmp_path / seed, seed) for seed in ("1", "2"))
    assert one == two
    assert len(one) > 30


@pytest.mark.parametrize("years", [1, 2, 5])
def test_short_regions_have_only_the_files_of_their_years(tmp_path: Path, years: int) -> None:
    demo.make_demo_region(tmp_path, schools=12, municipalities=2, years=years, shapes=True)
    names = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert ("schools.csv" in names) == (years > 1)
    assert ("vpr/ВПР 2022.csv" in names) == ("gia/ЕГЭ 2022.xlsx" in names) == (years > 1)
    assert ("Аттестаты 2021.sav" in names) == (years > 2)
    assert {"gia/ЕГЭ 2023 протокол.csv", "gia/ОГЭ 2023 протокол.xlsx", "Реестр организаций 2023.xlsx"} <= names


def test_writers_take_a_small_table(tmp_path: Path) -> None:
    tables, settings = demo.build_demo_tables(**SMALL), load_settings()
    rows = (
        tables["results"]
        .query("procedure == 'ВПР' and year == 2021 and subject == 'математика' and grade == 7")
        .head(2)
    )
    save_workbook(federal.make_vpr_statistics(rows, tables["schools"], settings), tmp_path / "one.xlsx")
    cells = read_cells(tmp_path / "one.xlsx")
    assert cells[0][0] == "ВПР 2021. 7 класс"
    assert [LOGIN.search(row[0])[1] for row in cells if LOGIN.search(row[0] or "")] == rows["school_id"].tolist()


def test_bands_of_papers_begin_at_the_minimum_scores() -> None:
    settings = load_settings()
    exams = [exam for exam in settings.exams if exam.procedure == "ЕГЭ" and exam.minimum]
    for exam in exams:
        paper = settings.offices.papers["ЕГЭ"][exam.subject]
        assert [low for low, _ in paper.bands] == [0, exam.minimum, settings.high_score]
    assert len(exams) == 2
    basic = settings.offices.papers["ЕГЭ"]["математика (базовая)"]
    assert basic.bands[1][0] == basic.primary[1]


def test_rows_of_other_years_are_left(tmp_path: Path) -> None:
    tables, settings = demo.build_demo_tables(**SMALL), load_settings()
    rest = offices.leave_rest(tables, settings.offices)
    taken = [offices.select_taken(tables, takes) for takes in settings.offices.takes.values()]
    assert sum(map(len, rest.values())) + sum(map(len, taken)) == sum(map(len, tables.values()))


@given(st.lists(st.integers(0, 60), min_size=1, max_size=40), st.data())
def test_apportioned_parts_add_up_and_fit(weights: list[int], data: st.DataObject) -> None:
    total = data.draw(st.integers(0, sum(weights)))
    parts = pupils.apportion_marks(total, np.array(weights))
    assert parts.sum() == total
    assert (parts >= 0).all()
    assert (parts <= weights).all()


@given(st.integers(0, 20), st.integers(0, 40), st.integers(0, 20), st.integers(0, 2**32 - 1))
def test_drawn_scores_have_the_counts_and_the_mean(below: int, middle: int, high: int, seed: int) -> None:
    paper = load_settings().offices.papers["ЕГЭ"]["русский язык"]
    rng, number = np.random.default_rng(seed), below + middle + high
    true = np.concatenate(
        [
            rng.integers(*band, size)
            for band, size in zip([(0, 24), (24, 80), (80, 101)], [below, middle, high], strict=True)
        ]
    )
    mean = round(float(true.mean()), 2) if number else np.nan
    row = {"participants": number, "below_min": below, "score_80_plus": high, "mean_score": mean}
    drawn = pupils.draw_values(row, paper, rng)
    assert [(drawn < 24).sum(), (drawn >= 80).sum(), len(drawn)] == [below, high, number]
    assert not number or abs(drawn.mean() - mean) <= 0.005 + 1e-9
