"""The same numbers from an independent program: PSPP on the golden region (min–max, row means, quarters)."""

import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

from effschool.intake.ingest import ingest_folder
from effschool.method.groups import group_schools
from effschool.method.identify import identify_schools
from effschool.method.indicators import compute_indicators
from effschool.method.methodology import GapIndicator

SCOPE = ["year", "group"]


@pytest.fixture(scope="module")
def pspp():
    found = shutil.which("pspp")
    if found is None:
        pytest.skip("нет программы pspp (пакет Debian pspp)")
    return found


@pytest.fixture(scope="module")
def spss_rules(methodology):
    """The methodology with the cut that the institute's IBM SPSS used."""
    domains = {
        name: rules.model_copy(update={"bands": rules.bands.model_copy(update={"cut": "spss"})})
        for name, rules in methodology.domains.items()
    }
    return methodology.model_copy(update={"domains": domains})


@pytest.fixture(scope="module")
def golden_tables(golden, root):
    return ingest_folder(golden, root / "layouts").tables


def spread_raw(tables, rules, domain):
    """What an analyst would type into SPSS: a row per school and year, a column per indicator; a lag is 0 or 1."""
    raw = compute_indicators(tables, group_schools(tables, rules), rules)
    raw = raw[raw["domain"] == domain].astype({"indicator": "str"})
    wide = raw.pivot_table(index=["year", "group", "school_id"], columns="indicator", values="raw", aggfunc="first")
    for name, item in rules.indicators.items():
        if isinstance(item, GapIndicator) and name in wide:
            wide[name] = (wide[name] < -item.threshold).astype(float).where(wide[name].notna())
    return wide.reset_index()


def write_syntax(folder, wide, rules):
    """Commands of SPSS: min–max inside year and group, the mean of what there is, quarters of the mean."""
    names = [name for name in wide.columns if name in rules.indicators]
    lines = [
        "SET DECIMAL=DOT.",
        f"GET DATA /TYPE=TXT /FILE='{folder / 'in.csv'}' /ENCODING='UTF-8' /DELCASE=LINE /DELIMITERS=',' /FIRSTCASE=2",
        " /VARIABLES=place F8.0 scope F8.0 " + " ".join(f"x{n} F20.12" for n in range(len(names))) + ".",
    ]
    limits = " ".join(f"/low{n}=MIN(x{n}) /high{n}=MAX(x{n})" for n in range(len(names)))
    lines.append(f"AGGREGATE OUTFILE=* MODE=ADDVARIABLES /BREAK=scope {limits}.")
    for n, name in enumerate(names):
        item = rules.indicators[name]
        if isinstance(item, GapIndicator):
            lines.append(f"COMPUTE y{n} = 1 - x{n}.")
        elif item.direction == "direct":
            lines.append(f"IF (high{n} > low{n}) y{n} = (x{n} - low{n}) / (high{n} - low{n}).")
        else:
            lines.append(f"IF (high{n} > low{n}) y{n} = (high{n} - x{n}) / (high{n} - low{n}).")
    lines += [
        f"COMPUTE index = MEAN({', '.join(f'y{n}' for n in range(len(names)))}).",
        "RANK VARIABLES=index (A) BY scope /NTILES(4) INTO quarter /TIES=MEAN /PRINT=NO.",
        "FORMATS index (F20.12).",
        *(f"FORMATS y{n} (F20.12)." for n in range(len(names))),
        f"SAVE TRANSLATE /OUTFILE='{folder / 'out.csv'}' /TYPE=CSV /REPLACE /FIELDNAMES /CELLS=VALUES.",
    ]
    (folder / "run.sps").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return names


def run_pspp(program, folder, wide, rules):
    scope = wide.groupby(SCOPE).ngroup()
    names = write_syntax(folder, wide, rules)
    typed = pd.concat([pd.Series(range(len(wide)), name="place"), scope.rename("scope"), wide[names]], axis=1)
    typed.sort_values(["scope", "place"]).to_csv(folder / "in.csv", index=False, float_format="%.12f")
    done = subprocess.run(
        [program, "-o", str(folder / "out.txt"), str(folder / "run.sps")], capture_output=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    found = pd.read_csv(folder / "out.csv", na_values=[" ", "."]).set_index("place").sort_index()
    return wide[["year", "school_id"]].assign(
        index=found["index"], quarter=found["quarter"], **{name: found[f"y{n}"] for n, name in enumerate(names)}
    )


@pytest.mark.parametrize("domain", ["results", "social"])
def test_pspp_gives_the_same_values_means_and_quarters(pspp, golden_tables, spss_rules, domain, tmp_path):
    wide = spread_raw(golden_tables, spss_rules, domain)
    theirs = run_pspp(pspp, tmp_path, wide, spss_rules)
    ours = identify_schools(golden_tables, spss_rules)
    indices = ours.indices[ours.indices["domain"] == domain].merge(
        theirs, on=["year", "school_id"], suffixes=("", "_pspp")
    )
    assert len(indices) == len(wide)
    assert np.allclose(indices["index"], indices["index_pspp"], atol=1e-9)
    quarters = indices["quarter"].map({1: "low", 2: "mid", 3: "mid", 4: "high"})
    assert (indices["band"] == quarters).all()
    values = ours.indicators[ours.indicators["domain"] == domain].pivot(
        index=["year", "school_id"], columns="indicator", values="normalised"
    )
    compared = theirs.set_index(["year", "school_id"])[list(values.columns)].reindex(values.index)
    assert np.allclose(values, compared, atol=1e-9, equal_nan=True)
