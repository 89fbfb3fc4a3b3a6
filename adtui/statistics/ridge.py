"""Ridge regression, cross-validated over folds, of many label columns at once. Numpy only.

The strength is chosen within the training folds, for each column by itself: nothing of a fold's labels takes part in
what is predicted for it (nested cross-validation; Stone 1974, J. R. Stat. Soc. B 36; Varma & Simon 2006, BMC
Bioinformatics 7). Permuted labels can be further columns, so that they go through the same choice.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..records.arrays import Doubles, Floats, Ints

STRENGTHS = (10.0, 1.0, 0.1, 1e-2, 1e-3, 1e-4)
"""Of the penalty, in units of a column's sum of squares where columns are standardised; of equal ones the first."""
LEAST_FOLDS = 3


def standardised(x: NDArray[Any]) -> Doubles:
    """(N, d) with columns of mean 0 and variance 1; those that are constant become 0."""
    centred = x.astype(np.float64) - x.mean(axis=0, dtype=np.float64)
    spread = centred.std(axis=0)
    flat = spread <= 1e-9 * max(1.0, float(spread.max(initial=0.0)))
    out: Doubles = np.where(flat, 0.0, centred / np.where(flat, 1.0, spread))
    return out


def rotated(x: Doubles) -> Doubles:
    """(N, d) → (N, r) with the same inner products, r at most N: where d is larger, ridge fits on it are the same and
    cheaper."""
    if x.shape[1] <= len(x):
        return x
    left, sizes, _ = np.linalg.svd(x, full_matrices=False)
    kept = sizes > 1e-10 * max(float(sizes.max(initial=0.0)), 1e-300)
    out: Doubles = left[:, kept] * sizes[kept]
    return out


class _Fit:
    """Ridge fits of all columns on some rows, for every strength."""

    def __init__(self, x: Doubles, labels: Floats, rows: NDArray[np.bool_]) -> None:
        self._x, self._labels = x, labels
        self._mean, self._level = x[rows].mean(axis=0), labels[rows].mean(axis=0)
        inside = x[rows] - self._mean
        sizes, self._axes = np.linalg.eigh(inside.T @ inside)
        aims = ((inside @ self._axes).astype(labels.dtype)).T @ (labels[rows] - self._level)
        shrunk = sizes.clip(0)[None] + np.array(STRENGTHS)[:, None] * rows.sum()
        self._weights = [aims / size[:, None].astype(labels.dtype) for size in shrunk]

    def _inputs(self, rows: Ints) -> Floats:
        turned: Floats = ((self._x[rows] - self._mean) @ self._axes).astype(self._labels.dtype)
        return turned

    def errors(self, rows: Ints) -> Doubles:
        """(S, K) sum of squared errors on other rows."""
        inputs, aims = self._inputs(rows), self._labels[rows] - self._level
        left = (aims - inputs @ weights for weights in self._weights)
        return np.stack([np.einsum("nk,nk->k", one, one) for one in left]).astype(np.float64)

    def predictions(self, rows: Ints, strengths: Ints) -> Floats:
        """(M, K) of other rows, each column by the strength of this number (K,)."""
        weights = np.empty_like(self._weights[0])
        for number, one in enumerate(self._weights):
            weights[:, strengths == number] = one[:, strengths == number]
        found: Floats = self._inputs(rows) @ weights + self._level
        return found


def out_of_fold(x: Doubles, labels: Floats, folds: Ints) -> Floats:
    """(N, K) predictions of labels (N, K), each row by fits on the other folds alone.

    Args:
        x: (N, d); see `standardised` and `rotated`.
        folds: (N,) the fold of each row, LEAST_FOLDS different ones at least.
    """
    names = np.unique(folds)
    assert len(names) >= LEAST_FOLDS, "the strength is chosen within the other folds"
    rows = [np.flatnonzero(folds == name) for name in names]
    errors = np.zeros((len(names), len(STRENGTHS), labels.shape[1]))
    for one, other in combinations(range(len(names)), 2):  # a fit without both serves either as the one predicted
        fit = _Fit(x, labels, (folds != names[one]) & (folds != names[other]))
        errors[one] += fit.errors(rows[other])
        errors[other] += fit.errors(rows[one])
    found = np.empty_like(labels)
    for number, name in enumerate(names):
        fit = _Fit(x, labels, folds != name)
        found[rows[number]] = fit.predictions(rows[number], errors[number].argmin(axis=0))
    return found


def levels(labels: Floats, folds: Ints) -> Floats:
    """(N, K) what is predicted by no input: the mean label of the other folds."""
    found = np.empty_like(labels)
    for name in np.unique(folds):
        found[folds == name] = labels[folds != name].mean(axis=0)
    return found
