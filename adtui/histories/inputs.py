"""An .npz file of contexts → samples, for `adtui extract --inputs`; the names are those of a recorded batch."""

from __future__ import annotations

import itertools
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from ..records.arrays import Floats, Ints, Values
from ..records.errors import HistoryError
from ..records.sample import ARROWS, Sample
from ..worlds.darkroom import HORIZON
from .inputs_clock import clocks_of

#: Contents after unpacking; a file of some MB may claim thousands of times its size.
MAX_BYTES = 512 << 20
#: Numbers in one array, whatever their width: every one takes eight bytes while it is checked.
MAX_NUMBERS = 32 << 20
_LONGEST = 200
_NAMES = ("states", "actions", "rewards", "next_states", "query_states")
_STATES = ("states", "next_states", "query_states")
_TARGETS = "target_actions"
_CLOCK = ("episode", "step")
_SHAPES = "in_states (B,n,2), in_actions (B,n) or one-hot (B,n,A), in_rewards (B,n), in_next_states, in_query_states"


def inputs_npz(
    path: str | Path,
    *,
    horizon: int = HORIZON,
    arrows: str = ARROWS,
    vectors: tuple[int, int] | None = None,
    stateless: bool = False,
) -> tuple[Sample, ...]:
    """The contexts of an .npz file, in order.

    Arrays: `in_states` (B, n, 2), `in_actions` (B, n) or one-hot (B, n, A), `in_rewards` (B, n), `in_next_states`
    (B, n, 2), `in_query_states` (B, 2), optionally `in_target_actions` (B,), -1 where unknown; the prefix `in_` may
    be absent. Where the file lacks `in_episode` and `in_step` (B, n + 1), see `clocks_of`. A context
    that overlaps with the one before counts as the same history. `arrows`, `stateless`: see `Sample`. `vectors`:
    numbers of a state and of an action, where these are vectors: `in_states` (B, n, S), `in_actions` (B, n, D), and so
    on, and targets that are not known NaN.

    Raises:
        HistoryError: unreadable, arrays missing, wrong shapes, or values that are no cells, actions or rewards.
    """
    path = Path(path)
    arrays = _arrays(path)
    states, next_states, queries = (_states(path, arrays, name, vectors) for name in _STATES)
    actions, rewards = _actions(path, arrays, vectors), arrays["rewards"]
    if rewards.shape == (*actions.shape[:2], 1):
        rewards = rewards[..., 0]
    rewards = _single(path, rewards, "rewards")
    width = 2 if vectors is None else vectors[0]
    _check_shapes(
        path, width, states=states, next_states=next_states, queries=queries, actions=actions, rewards=rewards
    )
    targets = _targets(path, arrays, actions, vectors)
    clocks = _stored_clocks(path, arrays, actions.shape[:2])
    acted = actions.reshape(*actions.shape[:2], -1)
    if clocks is None:
        size = None if vectors is not None else 1 + max(int(one.max()) for one in (states, next_states, queries))
        clocks = clocks_of(states, actions, next_states, queries, size, horizon)
    histories = _histories(np.concatenate([states, next_states, acted, rewards[..., None]], axis=2))
    samples = []
    for i in range(len(actions)):
        episode, step = clocks[i]
        samples.append(
            Sample(
                label=f"{path.name} [{i}]",
                states=states[i],
                actions=actions[i],
                rewards=rewards[i],
                next_states=next_states[i],
                query_state=queries[i],
                episode=episode,
                step=step,
                target_action=targets[i],
                history=histories[i],
                arrows=arrows,
                stateless=stateless,
            )
        )
    return tuple(samples)


def _arrays(path: Path) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays by name without `in_`, all of them finite numbers."""
    arrays = {}
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > MAX_BYTES:
            raise _wrong(path, f"at most {MAX_BYTES >> 20} MB of inputs", f"{size >> 20} MB")
        with warnings.catch_warnings(), np.load(path, allow_pickle=False) as file:
            warnings.simplefilter("ignore")  # about headers of Python 2; the values say enough
            for name in (*_NAMES, _TARGETS, *_CLOCK):
                key = next((key for key in (f"in_{name}", name) if key in file.files), None)
                if key is not None:
                    arrays[name] = np.asarray(file[key])
            known = ", ".join(file.files[:5])
    except FileNotFoundError:
        raise _wrong(path, "an .npz file of inputs", "nothing") from None
    except HistoryError:
        raise
    except MemoryError:
        raise _wrong(path, "an .npz file of inputs", "an array that claims more than the memory holds") from None
    # numpy raises whatever its parsers meet in bad bytes: zlib.error, tokenize.TokenError, SyntaxError, …
    except Exception as error:
        found = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
        raise _wrong(path, "an .npz file of inputs", found[:_LONGEST]) from None
    if missing := [name for name in _NAMES if name not in arrays]:
        raise _wrong(path, f"an array in_{missing[0]}", f"only {known[:_LONGEST] or 'nothing'}")
    for name, values in arrays.items():
        if values.size > MAX_NUMBERS:
            raise _wrong(path, f"at most {MAX_NUMBERS} numbers in in_{name}", str(values.size))
        if values.dtype.kind not in "biuf" or not (np.isfinite(values).all() or name == _TARGETS):
            raise _wrong(path, f"finite numbers in in_{name}", f"others, of type {values.dtype}")
    return arrays


def _whole(path: Path, arrays: dict[str, np.ndarray[Any, Any]], name: str, least: int = 0) -> Ints:
    values = arrays[name]
    with np.errstate(invalid="ignore"):  # beyond int64; unequal, then
        whole = values.astype(np.int64)
    if not np.array_equal(whole, values) or (whole.size and whole.min() < least):
        raise _wrong(path, f"whole numbers from {least} in in_{name}", "fractions or smaller ones")
    return whole


def _single(path: Path, values: np.ndarray[Any, Any], name: str) -> Floats:
    """Values as float32, which the models compute with."""
    with np.errstate(over="ignore"):  # infinite, then
        single = values.astype(np.float32)
    if not np.isfinite(single).all():
        raise _wrong(path, f"{name} within the range of float32 in in_{name}", "larger ones")
    return single


def _states(path: Path, arrays: dict[str, np.ndarray[Any, Any]], name: str, vectors: tuple[int, int] | None) -> Values:
    return _whole(path, arrays, name) if vectors is None else _single(path, arrays[name], name)


def _targets(
    path: Path, arrays: dict[str, np.ndarray[Any, Any]], actions: Values, vectors: tuple[int, int] | None
) -> list[int | tuple[float, ...] | None]:
    """What is known of the action at each query."""
    wanted = (len(actions), *actions.shape[2:])
    if _TARGETS not in arrays:
        return [None] * len(actions)
    if arrays[_TARGETS].shape != wanted:
        raise _wrong(path, f"in_{_TARGETS} of shape {wanted}", f"shape {arrays[_TARGETS].shape}")
    if vectors is None:
        return [None if one < 0 else int(one) for one in _whole(path, arrays, _TARGETS, least=-1)]
    return [tuple(one.tolist()) if np.isfinite(one).all() else None for one in arrays[_TARGETS].astype(np.float32)]


def _actions(path: Path, arrays: dict[str, np.ndarray[Any, Any]], vectors: tuple[int, int] | None) -> Values:
    """(B, n) action indices, or (B, n, D) vectors."""
    if vectors is not None:
        found = _single(path, arrays["actions"], "actions")
        if found.ndim != 3 or found.size == 0 or found.shape[2] != vectors[1]:
            raise _wrong(path, f"in_actions (B, n, {vectors[1]}), as the model acts", f"shape {found.shape}")
        return found
    actions = _whole(path, arrays, "actions")
    if actions.ndim == 3:
        if actions.shape[2] == 0 or not ((actions == 0) | (actions == 1)).all() or (actions.sum(axis=2) != 1).any():
            raise _wrong(path, "in_actions with a single 1 per step", "other values")
        actions = actions.argmax(axis=2).astype(np.int64)
    if actions.ndim != 2 or actions.size == 0:
        raise _wrong(path, _SHAPES, f"in_actions of shape {arrays['actions'].shape}")
    return actions


def _check_shapes(path: Path, width: int, **arrays: np.ndarray[Any, Any]) -> None:
    B, n = arrays["actions"].shape[:2]
    wanted = {"states": (B, n, width), "next_states": (B, n, width), "queries": (B, width), "rewards": (B, n)}
    for name, shape in wanted.items():
        if arrays[name].shape != shape:
            named = "query_states" if name == "queries" else name
            raise _wrong(path, f"in_{named} of shape {shape}, as in_actions says", f"shape {arrays[name].shape}")


def _stored_clocks(
    path: Path, arrays: dict[str, np.ndarray[Any, Any]], shape: tuple[int, ...]
) -> list[tuple[Ints, Ints]] | None:
    """(episode, step) of every context, where the file has both."""
    if not all(name in arrays for name in _CLOCK):
        return None
    wanted = (shape[0], shape[1] + 1)
    episode, step = (_whole(path, arrays, name) for name in _CLOCK)
    if episode.shape != wanted or step.shape != wanted:
        raise _wrong(path, f"in_episode and in_step of shape {wanted}", f"{episode.shape} and {step.shape}")
    return list(zip(episode, step, strict=True))


def _histories(tokens: np.ndarray[Any, Any]) -> list[int]:
    """Number of the history that each context (B, n, features) comes from.

    A context that repeats at least half of the one before it, shifted by some steps, is a window of the same history:
    counting it as a new observation would make every interval too narrow.
    """
    numbers = [0]
    n = tokens.shape[1]
    for before, after in itertools.pairwise(tokens):
        same = any(np.array_equal(before[shift:], after[: n - shift]) for shift in range(n // 2 + 1))
        numbers.append(numbers[-1] + (not same))
    return numbers


def _wrong(path: Path, expected: str, found: str) -> HistoryError:
    return HistoryError(path, expected=expected, found=found, action="see `adtui extract --help` for the arrays")
