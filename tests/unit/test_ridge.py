"""Cross-validated ridge: predictions are those of plain fits on the other folds, whose labels alone take part."""

from __future__ import annotations

import numpy as np
import pytest

from adtui.records.arrays import Doubles, Floats, Ints
from adtui.statistics.ridge import STRENGTHS, levels, out_of_fold, rotated, standardised

N, D, FOLDS = 60, 5, 4


@pytest.fixture
def data() -> tuple[Doubles, Floats, Ints]:
    rng = np.random.default_rng(0)
    x = standardised(rng.normal(size=(N, D)))
    labels = (x[:, :3] @ rng.normal(size=(3, 4)) + rng.normal(size=(N, 4)) * [0.1, 1, 3, 30]).astype(np.float64)
    return x, labels.astype(np.float32), rng.permutation(np.arange(N) % FOLDS)


def plainly(x: Doubles, labels: Floats, folds: Ints) -> Floats:
    """The same, one column, one fold and one strength at a time, from the normal equations."""

    def fit(train: Ints, test: Ints, column: int, strength: float) -> Doubles:
        mean, level = x[train].mean(0), labels[train, column].mean()
        inside = x[train] - mean
        gram = inside.T @ inside + strength * len(train) * np.eye(x.shape[1])
        weights = np.linalg.solve(gram, inside.T @ (labels[train, column] - level))
        found: Doubles = (x[test] - mean) @ weights + level
        return found

    out = np.empty_like(labels)
    for column in range(labels.shape[1]):
        for fold in np.unique(folds):
            outside = np.flatnonzero(folds != fold)
            errors = []
            for strength in STRENGTHS:
                error = 0.0
                for inner in np.unique(folds[outside]):
                    test = outside[folds[outside] == inner]
                    train = outside[folds[outside] != inner]
                    error += float(((fit(train, test, column, strength) - labels[test, column]) ** 2).sum())
                errors.append(error)
            test = np.flatnonzero(folds == fold)
            out[test, column] = fit(outside, test, column, STRENGTHS[int(np.argmin(errors))])
    return out


def test_it_is_nested_cross_validation_written_out(data: tuple[Doubles, Floats, Ints]) -> None:
    np.testing.assert_allclose(out_of_fold(*data), plainly(*data), rtol=1e-3, atol=1e-4)


def test_more_columns_change_no_column(data: tuple[Doubles, Floats, Ints]) -> None:
    x, labels, folds = data
    alone = np.concatenate([out_of_fold(x, labels[:, [k]], folds) for k in range(4)], axis=1)
    np.testing.assert_allclose(out_of_fold(x, labels, folds), alone, rtol=1e-4, atol=1e-5)


def test_a_folds_labels_do_not_reach_its_predictions(data: tuple[Doubles, Floats, Ints]) -> None:
    x, labels, folds = data
    before = out_of_fold(x, labels, folds)
    changed = labels.copy()
    changed[folds == 2] += 100 * np.random.default_rng(1).normal(size=changed[folds == 2].shape).astype(np.float32)
    after = out_of_fold(x, changed, folds)
    np.testing.assert_array_equal(before[folds == 2], after[folds == 2])
    assert not np.allclose(before[folds != 2], after[folds != 2])


def test_turning_the_inputs_changes_nothing(data: tuple[Doubles, Floats, Ints]) -> None:
    x, labels, folds = data
    wide = x @ np.linalg.qr(np.random.default_rng(2).normal(size=(200, D)))[0].T
    assert rotated(wide).shape == (N, D)
    np.testing.assert_allclose(out_of_fold(rotated(wide), labels, folds), out_of_fold(x, labels, folds), atol=1e-3)


def test_without_inputs_the_other_folds_mean_is_predicted(data: tuple[Doubles, Floats, Ints]) -> None:
    _, labels, folds = data
    nothing = standardised(np.full((N, 3), 7.0))
    assert not nothing.any()
    for inputs in (nothing, rotated(nothing)):
        np.testing.assert_allclose(out_of_fold(inputs, labels, folds), levels(labels, folds), atol=1e-5)
    np.testing.assert_allclose(
        levels(labels, folds)[folds == 1], np.tile(labels[folds != 1].mean(0), (15, 1)), atol=1e-5
    )
