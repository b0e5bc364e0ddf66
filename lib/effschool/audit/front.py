"""The first sheets: how to read the workbook (легенда), and the parameters that can be changed."""

from math import ceil

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

from effschool.audit.borders import CUT_TITLES
from effschool.audit.grid import (
    BETTER_FILL,
    HEADER,
    MEANINGS,
    PARAMETER,
    SOURCE,
    TEXT,
    WORSE_FILL,
    FormulaSheet,
    set_print,
    write_cell,
)
from effschool.audit.parameters import list_parameters
from effschool.base.russian import count_words
from effschool.method.methodology import FewPupils, Methodology

LETTERS_IN_LINE = 105
READING = (
    "Книга показывает весь путь от присланных чисел до списков. Исходные числа записаны значениями, всё остальное — "
    "формулы: щёлкните по ячейке, и Excel или LibreOffice покажет, из чего она получена.",
    "Измените исходное число или параметр — пересчитаются доли, индексы, группы и списки. Отчёты программы от этого не "
    "меняются; сохраните изменённую книгу под другим именем.",
    "Пустая исходная ячейка — данных нет, это не ноль. Показатель без данных пуст и в средние не входит. Показатель, "
    "который у всех школ группы одинаков, в индекс не входит.",
    "Строки школ на листах групп не переставляйте и не удаляйте: на них ссылаются листы списков. Школы стоят по "
    "муниципалитетам и кодам, это не рейтинг.",
    "Какие годы входят в окно, какие школы в какой группе и каким правилом округляется число школ, записано при "
    "составлении книги; чтобы изменить это, нужна другая методика и новая книга.",
    "ВПР используется так, как велит методика; письма Рособрнадзора не предусматривают оценки школ по ВПР.",
)
COLUMNS = (
    ("Индекс", "среднее нормированных значений, которые у школы есть"),
    ("Полнота данных", "сколько показателей есть у школы из тех, что есть хотя бы у одной школы группы"),
    ("Индекс ранжируемой школы", "индекс, если полнота не меньше нужной; иначе пусто, и у школы нет места и группы"),
    ("Место", "1 — наименьший индекс; равные в пределах допуска делят меньшее место"),
    ("Группа по индексу", "по границам с листа «Границы групп»; равный граничному входит в крайнюю группу"),
    ("Источник", "файл, лист и строка, из которых взяты числа слева"),
    ("Нормированные значения", "от 0 до 1, как показатель входит в индекс"),
    (
        "Индексы по возрастанию",
        "вспомогательные столбцы: по ним находятся места и границы; порядок школ к ним не относится",
    ),
)


def write_legend(sheet: Worksheet, methodology: Methodology, grids: list[FormulaSheet]) -> None:
    """What the workbook is, what colours and columns mean, and links to the sheets."""
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 34, 110
    write_cell(sheet.cell(1, 1), "Как читать книгу для проверки", TEXT).font = Font(bold=True, size=14)
    rows: list[tuple[str, str, str]] = [("Методика", f"{methodology.title}, версия {methodology.version}", TEXT)]
    rows += [("Источник правил", methodology.source, TEXT), *(("", text, TEXT) for text in READING)]
    rows += [("Цвет", "Что он значит", HEADER), *((name, text, name) for name, text in MEANINGS.items())]
    write_pairs(sheet, rows, 2)
    row = 2 + len(rows)
    for fill, text in (
        (WORSE_FILL, "группа или список, которым нужна помощь"),
        (BETTER_FILL, "противоположная крайняя группа"),
    ):
        write_pair(sheet, row, "Цвет группы", text, TEXT)
        sheet.cell(row, 1).fill = PatternFill("solid", fgColor=fill)
        row += 1
    rows = [
        ("Столбец", "Что в нём", HEADER),
        *((name, text, TEXT) for name, text in COLUMNS),
        ("Лист", "Что на нём", HEADER),
    ]
    write_pairs(sheet, rows, row)
    write_links(sheet, grids, row + len(rows))
    sheet.freeze_panes = "A2"
    set_print(sheet)


def write_pairs(sheet: Worksheet, rows: list[tuple[str, str, str]], first: int) -> None:
    """A row per name, meaning and look of the name."""
    for row, (name, text, style) in enumerate(rows, start=first):
        write_pair(sheet, row, name, text, style)


def write_pair(sheet: Worksheet, row: int, name: str, text: str, style: str) -> None:
    """A name and what it means, wrapped."""
    write_cell(sheet.cell(row, 1), name, style)
    cell = write_cell(sheet.cell(row, 2), text, HEADER if style == HEADER else TEXT)
    sheet.row_dimensions[row].height = 15 * ceil(len(text) / LETTERS_IN_LINE)
    cell.alignment = Alignment(wrap_text=True, vertical="top")


def write_links(sheet: Worksheet, grids: list[FormulaSheet], first: int) -> None:
    """A link to every sheet, inside the workbook."""
    for row, grid in enumerate(grids, start=first):
        write_pair(sheet, row, grid.name, grid.title, TEXT)
        cell = sheet.cell(row, 1)
        cell.hyperlink = Hyperlink(ref=cell.coordinate, location=grid.see("A1"))
        cell.font = Font(color="1D5FA8", underline="single")


def write_parameters(book: Workbook, sheet: Worksheet, methodology: Methodology) -> None:
    """A named cell per parameter, and below them the choices that formulas were made for."""
    write_cell(sheet.cell(1, 1), "Параметры методики: измените жёлтую ячейку, и книга пересчитается", TEXT).font = Font(
        bold=True, size=12
    )
    for column, (heading, width) in enumerate(
        (("Параметр", 98), ("Значение", 14), ("Имя в формулах", 34), ("Источник", 92)), start=1
    ):
        write_cell(sheet.cell(3, column), heading, HEADER)
        sheet.column_dimensions["ABCD"[column - 1]].width = width
    parameters = list_parameters(methodology)
    for row, parameter in enumerate(parameters, start=4):
        write_cell(sheet.cell(row, 1), parameter.title, TEXT)
        write_cell(sheet.cell(row, 2), parameter.value, PARAMETER)
        write_cell(sheet.cell(row, 3), parameter.name, TEXT)
        write_cell(sheet.cell(row, 4), parameter.source, SOURCE)
        place = f"'{sheet.title}'!$B${row}"
        book.defined_names[parameter.name] = DefinedName(parameter.name, attr_text=place)
    write_choices(sheet, methodology, 4 + len(parameters) + 1)
    sheet.freeze_panes = "A4"
    set_print(sheet)


def write_choices(sheet: Worksheet, methodology: Methodology, first: int) -> None:
    """Rules that are built into the formulas."""
    aggregations = {"arithmetic": "среднее арифметическое", "geometric": "среднее геометрическое по шкале 1…100"}
    rows = [("Записано в формулах при составлении книги", "")]
    for _, rules in methodology.iterate_domains():
        rows += [(f"{rules.title}: среднее", aggregations[rules.aggregation.kind])]
        rows += [(f"{rules.title}: число школ в группе", CUT_TITLES[rules.bands.cut])]
        rows += [(f"{rules.title}: если участников мало", say_few(rules.few_pupils))]
    window = methodology.lists.window
    span = f", не раньше чем за {count_words(window.max_span, 'год', 'года', 'лет')}" if window.max_span else ""
    kinds = {"consecutive": "подряд", "last_with_data": f"последние с данными{span}"}
    rows += [("Лет в окне списков", f"{window.length}, {kinds[window.policy]}")]
    if methodology.social_rule:
        rows += [("Правило условий", methodology.lists.window_rules[methodology.social_rule].title)]
    for row, (name, text) in enumerate(rows, start=first):
        write_cell(sheet.cell(row, 1), name, HEADER if row == first else TEXT)
        write_cell(sheet.cell(row, 2), text, TEXT)


def say_few(few: FewPupils) -> str:
    """What becomes of an indicator of few pupils."""
    return {
        "as_is": "показатель берётся как есть",
        "not_applicable": "показатель не применяется",
        "pool": f"складываются данные за {count_words(few.years, 'год', 'года', 'лет')}",
    }[few.policy]
