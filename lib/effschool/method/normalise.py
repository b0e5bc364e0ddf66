"""Raw indicators → 0…1 inside a year and group (нормирование, METHODOLOGY.md 1.1)."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from effschool.method.methodology import GapIndicator, Methodology, Orientation

SCOPE = ["year", "group", "indicator"]


def normalise_indicators(
    raw_by_school: pd.DataFrame, methodology: Methodology, tolerance: float = 1e-9
) -> pd.DataFrame:
    """Add `normalised`, the value as it enters the index; missing where the indicator does not vary in its scope.

    Args:
        raw_by_school: rows of `indicators.compute_indicators`.
        tolerance: values closer than this are equal.
    """
    code, names = pd.factorize(raw_by_school["indicator"])
    spec = [methodology.indicators[name] for name in names]
    inverse = np.array([item.direction == "inverse" for item in spec], dtype=bool)[code]
    threshold = np.array([item.threshold if isinstance(item, GapIndicator) else np.nan for item in spec])[code]
    raw = raw_by_school["raw"]
    scaled = scale_min_max(raw, raw_by_school[SCOPE].assign(indicator=code), inverse=inverse, tolerance=tolerance)
    flags = flag_lags(raw.to_numpy(), threshold, methodology.orientation, tolerance)
    values = np.where(np.isnan(threshold), scaled, np.where(raw.isna(), np.nan, flags))
    return raw_by_school.assign(normalised=values)


def scale_min_max(raw: pd.Series, scope: pd.DataFrame, *, inverse: NDArray[np.bool_], tolerance: float) -> pd.Series:
    """(x − min)/(max − min), mirrored where `inverse`; missing where max and min are equal within the tolerance."""
    by_scope = raw.groupby([scope[column] for column in scope], sort=False)
    low, high = by_scope.transform("min"), by_scope.transform("max")
    width = (high - low).where(high - low > tolerance)
    direct = ((raw - low) / width).clip(0, 1)
    return direct.mask(inverse, 1 - direct)


def flag_lags(
    gap: NDArray[np.float64], threshold: NDArray[np.float64], orientation: Orientation, tolerance: float
) -> NDArray[np.float64]:
    """Lag flag as it enters the index: `literal` 1 where the school lags by more than the threshold, else 1 − flag."""
    lags = (gap < -threshold - tolerance).astype(float)
    return lags if orientation == "literal" else 1 - lags
