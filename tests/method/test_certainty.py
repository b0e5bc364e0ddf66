import pytest
from pydantic import ValidationError

from effschool.method.methodology import Certainty, Draws, PowerRule, list_methodologies, load_methodology


@pytest.fixture
def section(methodology):
    return methodology.certainty.model_dump()


def test_every_methodology_says_how_sure_its_lists_are(methodologies):
    found = [load_methodology(path).certainty for path in list_methodologies(methodologies)]
    assert len(found) == 20
    assert all(found)


def test_unknown_key_and_a_base_that_is_no_power_of_two_are_refused(section):
    with pytest.raises(ValidationError, match="extra"):
        Certainty.model_validate(section | {"sed": 1})
    with pytest.raises(ValidationError, match="степень двойки"):
        Draws.model_validate(section["draws"] | {"method_base": 100})


def test_a_rule_cannot_ask_for_more_years_than_it_has():
    with pytest.raises(ValidationError, match="не больше 3"):
        PowerRule(title="четыре из трёх", years=3, at_least=4)
    assert PowerRule(title="среднее", years=3).at_least is None
