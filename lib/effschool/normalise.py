"""Raw indicators → 0…1 inside a year and group (нормирование, METHODOLOGY.md 1.1)."""

import numpy as np
import pandas as pd

from effschool.methodology import GapIndicator, Methodology, Orientation

SCOPE = ["year", "group", "indicator"]


def normalise_indicators(
    raw_by_school: pd.DataFrame, methodology: Methodology, tolerance: float = 1e-9
) -> pd.DataFrame:
    """Add `normalised`, the value as it enters the index; missing where the indicator does not vary in its scope.

    Args:
        raw_by_school: rows of `indicators.compute_indicators`.
        tolerance: values closer than this are equal.
    """
    spec = raw_by_school["indicator"].map(methodology.indicators)
    inverse = spec.map(lambda indicator: indicator.direction == "inverse").to_numpy(dtype=bool)
    threshold = spec.map(lambda indicator: getattr(indicator, "threshold", np.nan)).to_numpy(dtype=float)
    raw = raw_by_school["raw"]
    scaled = scale_min_max(raw, raw_by_school[SCOPE], inverse=inverse, tolerance=tolerance)
    flags = flag_lags(raw.to_numpy(), threshold, methodology.orientation, tolerance)
    is_gap = spec.map(lambda indicator: isinstance(indicator, GapIndicator)).to_numpy(dtype=bool)
    return raw_by_school.assign(normalised=np.where(is_gap, flags, scaled))


def scale_min_max(raw: pd.Series, scope: pd.DataFrame, *, inverse: np.ndarray, tolerance: float) -> pd.Series:
    """(x − min)/(max − min), mirrored where `inverse`; missing where max and min are equal within the tolerance."""
    by_scope = raw.groupby([scope[column] for column in scope], sort=False)
    low, high = by_scope.transform("min"), by_scope.transform("max")
    width = (high - low).where(high - low > tolerance)
    direct = ((raw - low) / width).clip(0, 1)
    return direct.mask(inverse, 1 - direct)


def flag_lags(gap: np.ndarray, threshold: np.ndarray, orientation: Orientation, tolerance: float) -> np.ndarray:
    """Lag flag as it enters the index: `literal` 1 where the school lags by more than the threshold, else 1 − flag."""
    lags = (gap < -threshold - tolerance).astype(float)
    return lags if orientation == "literal" else 1 - lags
