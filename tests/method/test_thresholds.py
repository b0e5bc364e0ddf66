import pytest
from conftest import ROOT

from effschool.base.configuration import ConfigurationError
from effschool.method.thresholds import (
    ThresholdError,
    ThresholdRegister,
    ThresholdUse,
    find_threshold,
    load_register,
    require_thresholds,
    say_years,
)

REGISTER = ROOT / "methodologies" / "thresholds.yml"
ROW = {"procedure": "ЕГЭ", "subject": "русский язык", "year": 2023, "value": 24, "scale": "100-балльная", "act": ""}
ROW |= {"status": "принято методистом"}


def register(*rows):
    return ThresholdRegister.model_validate({"title": "Реестр", "thresholds": [ROW | row for row in rows or [{}]]})


def use(missing="stop", **other):
    values = {"register": "thresholds.yml", "missing": missing, "source": "проверка"}
    return ThresholdUse.model_validate(values | {"required": [{"procedure": "ЕГЭ", "subject": "русский язык"}]} | other)


def refuse(tmp_path, old, new):
    text = "title: Реестр\nthresholds:\n  - procedure: ЕГЭ\n    subject: русский язык\n    year: 2023\n    value: 24\n"
    text += '    scale: 100-балльная\n    act: ""\n    status: принято методистом\n'
    assert text.count(old) == 1
    path = tmp_path / "r.yml"
    path.write_text(text, encoding="utf-8")
    assert load_register(path).thresholds[0].value == 24
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_register(path)
    return str(caught.value)


@pytest.mark.parametrize("year", [2023, 2024, 2025, 2026])
def test_certificate_minimums_of_the_unified_exam(year):
    found = load_register(REGISTER)
    subjects = {"русский язык": 24, "математика (профильная)": 27, "математика (базовая)": 3}
    assert {name: find_threshold(found, "ЕГЭ", name, year).value for name in subjects} == subjects
    assert find_threshold(found, "ЕГЭ", "математика (базовая)", year).scale == "отметка"


def test_scale_found_for_the_papers_of_2023():
    found = load_register(REGISTER)
    assert find_threshold(found, "ОГЭ", "русский язык", 2023).marks == {3: 15, 4: 23, 5: 29}
    assert find_threshold(found, "ОГЭ", "математика", 2023).marks == {3: 8, 4: 15, 5: 22}


def test_register_is_honest_about_what_it_rests_on():
    for row in load_register(REGISTER).thresholds:
        assert row.act or row.status != "подтверждено"
        assert row.procedure != "ГВЭ" or (row.value, row.scale) == (3, "отметка")


def test_missing_year_is_refused_with_the_years_present():
    found = register({"year": 2023}, {"year": 2024})
    with pytest.raises(ThresholdError) as caught:
        find_threshold(found, "ЕГЭ", "русский язык", 2025)
    assert str(caught.value) == (
        "Порога «ЕГЭ, русский язык» за 2025 год в реестре нет; записаны 2023 и 2024 годы. "
        "Добавьте строку этого года с актом: порог другого года вместо него не берётся."
    )


def test_procedures_are_never_mixed():
    with pytest.raises(ThresholdError, match="не записан ни один год"):
        find_threshold(register({"procedure": "ГВЭ", "scale": "отметка", "value": 3}), "ЕГЭ", "русский язык", 2023)


@pytest.mark.parametrize(
    ("years", "expected"),
    [
        ([], "не записан ни один год"),
        ([2023], "записан 2023 год"),
        ([2025, 2023, 2024], "записаны 2023, 2024 и 2025 годы"),
    ],
)
def test_years_in_words(years, expected):
    assert say_years(years) == expected


def test_stop_refuses_every_missing_year_and_say_lets_it_pass():
    with pytest.raises(ThresholdError) as caught:
        require_thresholds(register(), use("stop"), [2022, 2023, 2024])
    lines = str(caught.value).splitlines()
    assert [line.split(" год ")[0] for line in lines] == [
        f"Порога «ЕГЭ, русский язык» за {year}" for year in (2022, 2024)
    ]
    needs = [("ЕГЭ", "русский язык", 2022), ("ЕГЭ", "русский язык", 2023)]
    assert require_thresholds(register(), use("say"), [2023, 2022, 2023]) == needs
    assert require_thresholds(register(), use("stop"), [2023]) == needs[1:]


def test_use_survives_being_left_behind():
    assert ThresholdUse.model_validate_json(use(years=[2023]).model_dump_json()) == use(years=[2023])


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "status: принято методистом",
            "status: подтверждено",
            "строка 8, ключ «thresholds[1].act»: стоит пустое значение, "
            "для статуса «подтверждено» ожидался акт, который устанавливает порог",
        ),
        (
            "status: принято методистом",
            "status: известно",
            "строка 9, ключ «thresholds[1].status»: стоит «известно», "
            "ожидалось одно из значений: «подтверждено», «принято методистом», «предположение»",
        ),
        (
            "procedure: ЕГЭ",
            "procedure: ГВЭ",
            "строка 7, ключ «thresholds[1].scale»: стоит «100-балльная», "
            "для ГВЭ ожидалась «отметка»: с баллами ЕГЭ его результаты не смешиваются",
        ),
        (
            "scale: 100-балльная",
            "scale: отметка",
            "строка 6, ключ «thresholds[1].value»: стоит «24», для шкалы «отметка» ожидалась отметка 3, 4 или 5",
        ),
        ("    year: 2023\n", "", "строка 3, ключ «thresholds[1].year»: ключа нет, а он обязателен"),
        ("value: 24", "value: .inf", "строка 6, ключ «thresholds[1].value»: стоит «inf», ожидалось конечное число"),
        (
            'act: ""',
            'act: ""\n    act: x',
            "строка 9, ключ «thresholds[1].act»: ключ повторяется, впервые он стоит в строке 8; оставьте один",
        ),
        (
            "    status: принято методистом\n",
            "    status: предположение\n  - {procedure: ЕГЭ, subject: русский язык, year: 2023, value: 25, "
            'scale: 100-балльная, act: "", status: предположение}\n',
            "строка 10, ключ «thresholds[2]»: второй порог «ЕГЭ, русский язык» за 2023 год; ожидалась одна строка",
        ),
    ],
)
def test_wrong_row_is_refused_with_its_line(tmp_path, old, new, expected):
    message = refuse(tmp_path, old, new)
    assert message == f"Файл порогов «r.yml» не принят: 1\N{NO-BREAK SPACE}ошибка.\n— Файл «r.yml», {expected}."
