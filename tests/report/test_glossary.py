import pytest

from effschool.report.display import Text
from effschool.report.sections.glossary import list_abbreviations, list_numbers, load_glossary, tabulate_terms


@pytest.mark.parametrize("term", load_glossary().terms, ids=lambda term: term.word)
def test_a_word_is_explained_where_it_stands_and_nowhere_else(term, methodology):
    for stem in term.stems:
        assert term.word in set(tabulate_terms([Text((f"Начало: {stem.capitalize()}…",))], methodology).frame["Слово"])
    others = [Text((other.stems[0],)) for other in load_glossary().terms if not _shares_stem(term, other)]
    assert term.word not in set(tabulate_terms(others, methodology).frame["Слово"])


def _shares_stem(term, other):
    return any(stem in other.stems[0] for stem in term.stems)


def test_meanings_name_the_numbers_of_the_methodology(methodology):
    certainty = methodology.certainty.model_copy(update={"interval_pct": 80.0})
    other = methodology.model_copy(update={"certainty": certainty})
    assert list_numbers(methodology)["one"] == "20"
    told = tabulate_terms([Text(("Отличие случайно.",))], other).frame["Что значит"].iloc[0]
    assert "реже чем в 20 случаях из 100" in told
    assert "из 5 таких сравнений одно" in told
    assert not any("{" in text for text in tabulate_terms(_name_all(), methodology).frame["Что значит"])


def test_a_page_without_such_words_has_an_empty_glossary(methodology):
    assert tabulate_terms([Text(("Школ нет.",))], methodology).frame.empty


def _name_all():
    return [Text(tuple(stem for term in load_glossary().terms for stem in term.stems))]


def test_lists_and_exams_are_spelt_out(methodology):
    known = dict(list_abbreviations(methodology))
    assert {"ШНРО", "ШНСУ", "ШНОР", "ЕГЭ", "ВПР"} <= set(known)
    assert known["ШНРО"] == "школы с низкими результатами обучения"
    assert all(name.isupper() for name in known)
    assert "ШНОР" not in dict(list_abbreviations(methodology.model_copy(update={"fioko": None})))
