"""What a sweep does: rooms, episodes, seeds and cells. Equal plans and checkpoints give equal numbers anywhere."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ...records.defaults import DEVICE, EPISODES, LEVEL, MEMORY, POSITIONS, SEED, TRIAL_STREAMS
from ...records.errors import ConfigError
from ...records.levels import Level
from ...records.trial import TrialCell
from ...worlds.world import IntArray, World
from ..choice import Choice, parse
from ..sharing import KEY, holds_more, words_of
from ..strategies.base import Memory, Positions

FULL = "none"
#: The control whose context is emptied at every reset; no strategy has this name.
WIPED = "context-wiped"
RANDOM, RECENT = "random", "recent"
#: Changes when the same plan would give other numbers.
VERSION = 4


@dataclass(frozen=True)
class Plan:
    """How every cell is run.

    Attributes:
        world: what the model acts in.
        goals: held-out tasks of it; each gets `streams` rooms, a history each.
        n_context: transitions of a full context.
        queries: contexts taken from each history for the open loop.
        stride: see `rollouts.rollout`.
        memory: of the closed loop. Online, what a strategy drops is gone; full, it chooses from the whole context at
            every step, as the open loop does.
        level: what is dropped, see `caching`. Of a cache all that is held was where it is when it came: "kept".
        training: tasks that retrieval heads are measured on, see `retrieval`; () where nothing is.

    Raises:
        ConfigError: histories that end before a context is full, or positions in a context that is not there.
    """

    world: World
    goals: tuple[int, ...]
    n_context: int
    streams: int = TRIAL_STREAMS
    episodes: int = EPISODES
    seed: int = SEED
    positions: Positions = POSITIONS
    memory: Memory = MEMORY
    level: Level = LEVEL
    queries: int = 12
    stride: int = 1
    training: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        check_episodes(self.episodes, self.n_context, self.world.horizon)
        if self.level == "cache":
            check_cached(self.positions, self.memory)
        elif self.memory == "online" and self.positions == "kept":
            raise ConfigError(
                "--positions",
                expected="reindexed, as what an agent has dropped leaves no place behind",
                found="kept",
                action="add --memory full, which chooses from the whole context at every step",
            )

    @property
    def rooms(self) -> IntArray:
        """(H,) the goal of each history."""
        return np.repeat(np.array(self.goals, dtype=np.int64), self.streams)


@dataclass(frozen=True)
class ModelSource:
    """How a worker opens the model by itself: the checkpoint file and the keywords of `loading.load_model`."""

    checkpoint: str
    device: str = DEVICE
    heads: int | None = None
    causal: bool | None = None
    adapter: str | None = None


def check_cached(positions: Positions, memory: Memory) -> None:
    """Raise ConfigError for what keys and values that are held cannot do."""
    for option, found, able in (("--positions", positions, "kept"), ("--memory", memory, "online")):
        if found != able:
            raise ConfigError(
                option,
                expected=f"{able} with --level cache, as keys and values are held where they were made",
                found=found,
                action="leave it out",
            )


def least_episodes(n_context: int, horizon: int) -> int:
    """Episodes of a history, so that some of it is left when the context is full."""
    return n_context // horizon + 2


def check_episodes(episodes: int, n_context: int, horizon: int) -> None:
    """Raise ConfigError for histories that end before a context is full."""
    least = least_episodes(n_context, horizon)
    if episodes < least:
        raise ConfigError(
            "--episodes",
            expected=f"at least {least}, as a context holds {n_context} transitions",
            found=str(episodes),
            action="use more episodes or a shorter --context",
        )


def fingerprint(opening: ModelSource, plan: Plan) -> str:
    """16 hex digits of everything that the numbers depend on: the file's content, how it is opened, and the plan.

    Of an adapter it is the file's text: what it imports is not looked at.
    """
    with Path(opening.checkpoint).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    opened = {key: value for key, value in asdict(opening).items() if key not in ("checkpoint", "adapter")}
    if opening.adapter is not None:
        opened["adapter"] = hashlib.sha256(Path(opening.adapter).read_bytes()).hexdigest()
    planned = asdict(plan)
    if plan.level == LEVEL:  # plans had no level before; what was stored then stays
        del planned["level"], planned["training"]
    digest.update(json.dumps([VERSION, opened, planned], sort_keys=True).encode())
    return digest.hexdigest()[:16]


def sweep(strategies: Sequence[str], budgets: Iterable[int]) -> list[Choice]:
    """Every strategy at every budget, with `random` and `recent` beside each, which the gate compares with.

    Args:
        strategies: `name`, `name:parameter=value`, or `name:K…`, which has its own budget.

    Raises:
        ConfigError: an unknown strategy, parameter or budget.
    """
    budgets = sorted(set(budgets))
    choices: dict[str, Choice] = {}
    for text in strategies:
        name, *rest = text.strip().split(":")
        own = bool(rest) and "=" not in rest[0]
        texts = [text] if own or name == FULL else [":".join((name, str(K), *rest)) for K in budgets]
        choices |= {choice.label: choice for choice in map(parse, texts)}
    for K, shared in sorted({(one.budget, words_of(one.shared)) for one in choices.values() if one.budget is not None}):
        choices |= {one.label: one for one in (parse(beside(name, K, shared)) for name in (RECENT, RANDOM))}
    choices.pop(FULL, None)
    return list(choices.values())


def cell_of(choice: Choice, plan: Plan) -> TrialCell:
    """The record of a choice."""
    return TrialCell(
        choice.label,
        choice.strategy.NAME,
        choice.budget,
        choice.parameters.model_dump(),
        plan.positions,
        plan.level,
        words_of(choice.shared),
    )


def beside(name: str, budget: int, shared: str) -> str:
    """The label of `random` or `recent` that a cell is held against: of the same bytes.

    Args:
        shared: see `trial.TrialCell`. What heads share adds up to K each, but where retrieval heads keep all.
    """
    alike = f":{KEY}={shared}" if holds_more(shared) else ""
    return f"{name}:{budget}{alike}"
