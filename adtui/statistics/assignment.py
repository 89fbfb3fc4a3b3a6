"""Pairs of least total cost. Numpy only."""

from __future__ import annotations

import numpy as np

from ..records.arrays import Doubles


def assign(cost: Doubles) -> list[tuple[int, int]]:
    """Each row with a column of its own, or each column with a row where there are fewer, at the least total cost.

    Shortest augmenting paths with potentials (Kuhn 1955; Jonker and Volgenant 1987): O(R² C) for R ≤ C.

    Args:
        cost: (R, C), finite.

    Returns:
        min(R, C) pairs (row, column) in order of rows.
    """
    if cost.shape[0] > cost.shape[1]:
        return sorted((row, column) for column, row in assign(cost.T))
    rows, columns = cost.shape
    of_row, of_column = np.zeros(rows + 1), np.zeros(columns + 1)  # potentials; index 0 stands for nobody
    owner = np.zeros(columns + 1, dtype=np.int64)
    for row in range(1, rows + 1):
        owner[0], column = row, 0
        least, before = np.full(columns + 1, np.inf), np.zeros(columns + 1, dtype=np.int64)
        done = np.zeros(columns + 1, dtype=np.bool_)
        while owner[column]:
            done[column] = True
            reduced = cost[owner[column] - 1] - of_row[owner[column]] - of_column[1:]
            nearer = ~done[1:] & (reduced < least[1:])
            least[1:][nearer] = reduced[nearer]
            before[1:][nearer] = column
            step = np.where(done, np.inf, least)
            step[0] = np.inf
            target = int(step.argmin())
            by = step[target]
            of_row[owner[done]] += by
            of_column[done] -= by
            least[~done] -= by
            column = target
        while column:
            owner[column] = owner[before[column]]
            column = int(before[column])
    return sorted((int(owner[column]) - 1, column - 1) for column in range(1, columns + 1) if owner[column])
