"""Training windows: pieces of learning histories, n_transit steps long, with the source's action probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from .chunks import check_chunks
from .darkroom import MOVES, NUM_ACTIONS, IntArray, move
from .errors import HistoryError
from .sources import FloatArray, Histories


@dataclass(frozen=True)
class Windows:
    """A batch of B windows of n steps; `probabilities` (B, n, A) are what the model learns, `starts` (B,) the step of
    its history at which each window begins."""

    states: IntArray  # (B, n, 2)
    actions: IntArray  # (B, n)
    rewards: FloatArray  # (B, n)
    next_states: IntArray  # (B, n, 2)
    probabilities: FloatArray  # (B, n, A)
    starts: IntArray  # (B,)

    def reward_seen(self) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """(B, n), whether a reward came before each step, so that the goal can be known."""
        seen: np.ndarray[tuple[int, ...], np.dtype[np.bool_]] = (self.rewards.cumsum(axis=1) - self.rewards) > 0
        return seen


def draw_windows(
    histories: Histories, count: int, length: int, start_share: float, rng: np.random.Generator
) -> Windows:
    """Cut `count` windows of `length` steps out of random histories.

    Args:
        start_share: share of windows that begin at a history's first step, so that short contexts are learnt as a
            rollout meets them: with an agent that knows nothing yet.

    At the end of an episode half of the windows show the cell reached and half the reset state: online evaluation
    gives the first, stored histories the second, and the model should read both.
    """
    rows = rng.integers(len(histories.goals), size=count)
    starts = rng.integers(histories.actions.shape[1] - length + 1, size=count)
    starts[rng.random(count) < start_share] = 0
    steps = starts[:, None] + np.arange(length)
    place = (rows[:, None], steps)
    reached = histories.next_states[place]
    last = steps % histories.horizon == histories.horizon - 1
    as_stored = rng.random((count, 1)) < 0.5
    reset = histories.states[rows, :1]
    return Windows(
        states=histories.states[place],
        actions=histories.actions[place],
        rewards=histories.rewards[place].astype(np.float32),
        next_states=np.where((last & as_stored)[..., None], reset, reached),
        probabilities=histories.probabilities[place],
        starts=starts,
    )


def read_histories(path: Path, goals: Sequence[int], horizon: int, size: int, streams: int | None) -> Histories:
    """The histories of some goals from an HDF5 file; targets are the actions taken.

    Args:
        goals: goal indices to read, the others stay unread.
        streams: at most this many streams of each goal.

    Raises:
        HistoryError: the file is missing, unreadable, lacks a goal or a data set, or holds impossible values.
    """
    columns: dict[str, list[IntArray]] = {name: [] for name in ("states", "actions", "rewards")}
    labels: list[int] = []
    try:
        with h5py.File(path, "r") as file:
            for goal in goals:
                if str(goal) not in file:
                    raise _wrong(path, f"a group for training goal {goal}", f"{len(file)} groups without it")
                group = file[str(goal)]
                for name, parts in columns.items():
                    if name not in group:
                        raise _wrong(path, f"data set {name} in group {goal}", f"only {sorted(group)}")
                    check_chunks(group[name], (slice(None), slice(0, streams)))
                    parts.append(np.asarray(group[name][:, :streams], dtype=np.int64).swapaxes(0, 1))
                labels += [goal] * len(columns["actions"][-1])
    except OSError as error:
        raise _wrong(path, "an HDF5 file of learning histories", str(error)) from error
    except (TypeError, ValueError, IndexError) as error:
        raise _wrong(path, "integer data sets (T, streams) and (T, streams, 2)", str(error)) from error
    states, actions, rewards = (_joined(path, name, parts) for name, parts in columns.items())
    _check_values(path, states, actions, size, horizon)
    return Histories(
        goals=np.array(labels, dtype=np.int64),
        states=states,
        actions=actions,
        rewards=rewards,
        next_states=move(states, actions, size),  # also at episode ends, where the file has the reset state
        probabilities=np.eye(NUM_ACTIONS, dtype=np.float32)[actions],
        horizon=horizon,
    )


def _joined(path: Path, name: str, parts: list[IntArray]) -> IntArray:
    shapes = {part.shape[1:] for part in parts}
    if len(shapes) != 1:
        raise _wrong(path, f"{name} of one length for all goals", f"lengths {sorted(shape[0] for shape in shapes)[:3]}")
    return np.concatenate(parts)


def _check_values(path: Path, states: IntArray, actions: IntArray, size: int, horizon: int) -> None:
    if states.ndim != 3 or states.shape[2] != 2 or actions.ndim != 2 or states.shape[:2] != actions.shape:
        raise _wrong(path, "states (T, streams, 2) and actions (T, streams)", f"{states.shape} and {actions.shape}")
    if actions.size == 0 or actions.shape[1] % horizon:
        raise _wrong(path, f"whole episodes of {horizon} steps", f"{actions.shape[1]} steps")
    if states.min() < 0 or states.max() >= size:
        raise _wrong(path, f"states within 0..{size - 1}", f"{states.min()}..{states.max()}")
    if actions.min() < 0 or actions.max() >= len(MOVES):
        raise _wrong(path, f"actions within 0..{len(MOVES) - 1}", f"{actions.min()}..{actions.max()}")


def _wrong(path: Path, expected: str, found: str) -> HistoryError:
    return HistoryError(path, expected=expected, found=found, action="check `histories`, or collect them anew")
