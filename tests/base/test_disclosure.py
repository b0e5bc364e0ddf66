import pytest

from effschool.base.configuration import ConfigurationError
from effschool.base.disclosure import RULES, is_within_reach, load_disclosure, may_tell


@pytest.mark.parametrize(
    ("participants", "counts", "may_be_told"),
    [
        (4, (2,), False),  # of so few nothing is told
        (5, (2,), True),
        (7, (1,), False),  # one child of a village
        (7, (6,), False),  # all but one
        (7, (7,), False),
        (7, (3, 2), True),
        (9, (3, 1), False),  # one of both numbers is enough
        (10, (1,), True),
        (26, (26,), True),
    ],
)
def test_no_pupil_is_singled_out(participants, counts, may_be_told):
    assert may_tell(participants, *counts) == may_be_told


@pytest.mark.parametrize(
    ("pupils", "participants", "within"), [(2, 8, True), (3, 8, False), (12, 26, False), (6, 26, True)]
)
def test_another_result_is_within_reach_of_the_same_class(pupils, participants, within):
    assert is_within_reach(pupils, participants) == within


def test_file_of_rules_is_checked(tmp_path):
    path = tmp_path / "rules.yml"
    path.write_text(RULES.read_text(encoding="utf-8").replace("alone_below: 10", "alone_below: 0"), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="alone_below"):
        load_disclosure(path)
