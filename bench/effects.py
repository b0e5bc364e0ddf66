"""Does the estimate of the programme's effect tell the truth (make bench): invented regions whose effect is known.

The lowest schools of a year enter the programme in the next one. Printed for every true effect: mean error with its own
uncertainty, and how often the interval holds the truth; then what other designs would have «found» without any effect.
"""

import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from effschool.dynamics.effects import calibrate, invent_region, lay_panel
from effschool.dynamics.effects.estimate import estimate_effect
from effschool.dynamics.effects.matching import PAIR_COLUMNS, Contrast, list_after, list_contrasts, match_contrast
from effschool.dynamics.effects.panel import SchoolPanel
from effschool.method.methodology import Effects, load_methodology

METHODOLOGY = load_methodology(Path(__file__).parents[1] / "methodologies" / "khabarovsk-2020.yml")


def start_from_selection(contrast: Contrast) -> Contrast:
    """A bare «до и после» against schools alike in everything but results: the start is the year of selection."""
    return replace(contrast, base=contrast.selected, level=())


def match_on_start(contrast: Contrast) -> Contrast:
    """The usual matching: on the mean of the years before selection, the start among them."""
    return replace(contrast, level=(*(year for year in contrast.level if year != contrast.selected), contrast.base))


def match_on_selection(contrast: Contrast) -> Contrast:
    """Matching on the last year alone, which is the start as well."""
    return replace(contrast, base=contrast.selected, level=(contrast.selected,))


DESIGNS = {
    "как в отчёте": lambda contrast: contrast,
    "подбор по тем же годам, от которых отсчёт": match_on_start,
    "подбор и отсчёт по году отбора": match_on_selection,
    "отсчёт от года отбора, подбор без результатов": start_from_selection,
}


def estimate_by(design, panel: SchoolPanel, rules: Effects) -> float:
    contrasts = [each for each in list_contrasts(panel, rules) if each.year - each.entry in list_after(rules)]
    columns = np.concatenate([match_contrast(panel, design(each), rules) for each in contrasts], axis=1)
    pairs = pd.DataFrame(dict(zip(PAIR_COLUMNS, columns, strict=True)))
    pairs = pairs.astype(dict.fromkeys(PAIR_COLUMNS[:-1], "int64"))
    return estimate_effect(pairs, panel.score, rules.interval_pct).estimate


def report_calibration(rules: Effects, title: str) -> None:
    print(f"{title}, {rules.simulation.runs} регионов на каждую величину")
    for effect in rules.simulation.effects:
        started = time.perf_counter()
        found = calibrate(rules, effect, range(rules.simulation.runs))
        bias, error = found["estimate"].mean() - effect, found["estimate"].std() / len(found) ** 0.5
        print(
            f"  польза {effect:.1f}: ошибка в среднем {bias:+.4f} ± {error:.4f}, интервал накрыл "
            f"{100 * found['covers'].mean():.1f} % ({time.perf_counter() - started:.1f} с)"
        )


def report_designs(rules: Effects) -> None:
    print("Что «нашли» бы другие сравнения там, где пользы нет (200 регионов)")
    found: dict[str, list[float]] = {name: [] for name in DESIGNS}
    for run in range(200):
        panel = lay_panel(*invent_region(np.random.default_rng([run]), rules, 0.0), rules)
        for name, design in DESIGNS.items():
            found[name].append(estimate_by(design, panel, rules))
    for name, values in found.items():
        print(f"  {name:<48}{np.mean(values):+.3f} ± {np.std(values) / len(values) ** 0.5:.3f}")


def change(rules: Effects, **simulation: object) -> Effects:
    return rules.model_copy(update={"simulation": rules.simulation.model_copy(update=simulation)})


if __name__ == "__main__":
    assert METHODOLOGY.effects is not None
    own = METHODOLOGY.effects
    own = change(own, runs=int(sys.argv[1])) if len(sys.argv) > 1 else own
    report_calibration(own, "Один год входа, 36 школ")
    report_calibration(change(own, entrants=12), "Один год входа, 12 школ")
    report_calibration(change(own, entrants=12, entries=(4, 5, 6)), "Три года входа подряд по 12 школ")
    report_designs(own)
