import pytest

from effschool.base.persons import hide_names, is_code


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("ЕГЭ 2024 Цукерброднова Э.Ю.xlsx", "ЕГЭ 2024 (скрыто"),
        ("Цукерброднова_Э_Ю.xlsx", "(скрыто"),
        ("Протокол Цукерброднова Э Ю.xlsx", "Протокол (скрыто"),
        ("пересдача/Э.Ю. Цукерброднова.csv", "пересдача/(скрыто"),
        ("Цукерброднова Эвелина Юстиниановна", "(скрыто"),
        ("протокол Мамин-Сибиряков Пётр Ильич.xls", "протокол (скрыто"),
        ("123-456-789 01.xlsx", "(скрыто"),
        ("СНИЛС 12345678901", "СНИЛС (скрыто"),
        ("паспорт 0812 345678.xlsx", "паспорт (скрыто"),
        ("от а.б@школа.рф.xlsx", "от (скрыто"),
    ],
)
def test_name_of_a_file_keeps_all_but_the_person(name, shown):
    hidden = hide_names(name)
    assert hidden.startswith(shown)
    assert not {"Цукерброднова", "Сибиряков", "345678", "школа.рф", "78901"} & set(hidden.replace("-", " ").split())
    assert hidden.rpartition(".")[2] == name.rpartition(".")[2] or "." not in hidden
    assert hide_names(hidden) == hidden


@pytest.mark.parametrize(
    "name",
    [
        "ЕГЭ 2024.xlsx",
        "forms/Комсомольский район.xlsx",
        "01 - Русский язык",
        "Лист1",
        "ОГЭ 2022-2023, русский язык, резервный день.csv",
        "выгрузка 20240524153012.zip",
        "Лицей им. Н.Г. Чернышевского.xlsx",
        "Школа имени А. С. Пушкина",
        "ВПР 24.05.2024 5 класс",
        "МБОУ СОШ 270001",
        "Протокол А Б.xlsx",
        "Класс А_Б",
    ],
)
def test_name_without_a_person_stays(name):
    assert hide_names(name) == name


@pytest.mark.parametrize(
    ("text", "is_it"),
    [
        *[(text, True) for text in ("270001", "100-02", "027000", "А-12", "270001-2", "01611190130229")],
        *[(text, False) for text in ("12345678901", "Цукерброднова", "270001 Петров", "—", "а1@б.рф")],
    ],
)
def test_code_of_a_school_is_no_document(text, is_it):
    assert is_code(text) == is_it


def test_names_of_two_people_stay_two():
    assert len({hide_names(f"{name} А.Б.") for name in ("Иванов", "Петров", "Сидоров")}) == 3
