"""Source histories into the HDF5 layout that users' training code reads.

One group per goal index; `states`, `next_states` (T, streams, 2), `actions`, `rewards` (T, streams) int32 (Gaussian
bandits: rewards float32) and `dones` (T, streams) bool. As in the users' files, the next state of an episode's last
step is the reset state.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ..files.atomic import replacing
from ..records.errors import ConfigError
from ..worlds.agents import Demonstrator, Explorer, Histories, ProgressCallback, QLearning, Source, run_source
from ..worlds.bandit_agents import UCB, Thompson
from .collect_settings import OF_BANDITS, WITH_NOISE, CollectSettings

#: Room-steps simulated at once: bounds memory at about 300 MB whatever the size of the collection.
CHUNK_STEPS = 4_000_000


def make_source(settings: CollectSettings) -> Source:
    """The vectorised source agent that the settings name (PPO is not one: see `ppo_source`)."""
    return source_of(
        settings.alg, settings.episodes, settings.epsilon_episodes, settings.noise_start, settings.noise_episodes
    )


def source_of(
    alg: str,
    episodes: int,
    epsilon_episodes: int | None = None,
    noise_start: tuple[float, float] | None = None,
    noise_episodes: tuple[int, int] | None = None,
) -> Source:
    """The vectorised source agent of a name, for histories of so many episodes.

    Args:
        epsilon_episodes: of Q-learning, until epsilon is low; most of the history where it is not said.
        noise_start, noise_episodes: of `Explorer` and `Demonstrator`; their own where they are not said.
    """
    if alg in WITH_NOISE:
        said = {"noise_start": noise_start, "noise_episodes": noise_episodes}
        noise: dict[str, Any] = {name: value for name, value in said.items() if value is not None}
        return (Explorer if alg == "explorer" else Demonstrator)(**noise)
    if alg in OF_BANDITS:
        return Thompson() if alg == "thompson" else UCB()
    return QLearning(epsilon_episodes=epsilon_episodes or max(1, episodes * 6 // 10))


def collect(settings: CollectSettings, progress: ProgressCallback | None = None) -> Path:
    """Collect every history that the settings ask for and write the file, whole or not at all.

    Args:
        settings: what to collect and where to write it.
        progress: called with (room-episodes done, in all).

    Returns:
        the path of the HDF5 file.

    Raises:
        ConfigError: PPO is asked for and stable-baselines3 is not installed, or the file cannot be written.
    """
    with histories_file(settings.output, "change traj_dir or free some space") as file:
        for histories in _chunks(settings, progress):
            _write_chunk(file, histories, settings.n_stream)
    return settings.output


@contextmanager
def histories_file(path: Path, action: str) -> Iterator[h5py.File]:
    """A file to be written, whole or not at all; `action` is what to do where it can't be.

    Raises:
        ConfigError: it cannot be written.
    """
    try:
        with replacing(path) as temporary, h5py.File(temporary, "w") as file:
            yield file
    except OSError as error:
        raise ConfigError(path, expected="a file that can be written", found=str(error), action=action) from error


def _chunks(settings: CollectSettings, progress: ProgressCallback | None) -> Iterator[Histories]:
    if settings.alg == "PPO":
        from .ppo import run_ppo

        yield from run_ppo(settings, progress)
        return
    goals = settings.goal_indices
    per_chunk = max(1, CHUNK_STEPS // (settings.steps * settings.n_stream))
    total = len(goals) * settings.n_stream * settings.episodes
    for first in range(0, len(goals), per_chunk):
        rooms = np.repeat(np.array(goals[first : first + per_chunk], dtype=np.int64), settings.n_stream)
        before = first * settings.n_stream * settings.episodes

        def report(done: int, _: int, before: int = before, rooms: int = len(rooms)) -> None:
            if progress is not None:
                progress(before + done * rooms, total)

        rng = np.random.default_rng([settings.alg_seed, first])
        yield run_source(make_source(settings), settings.world, rooms, settings.episodes, rng, report)


def _write_chunk(file: h5py.File, histories: Histories, streams: int) -> None:
    """Add one group for each goal; rooms of a goal lie next to each other."""
    length = histories.actions.shape[1]
    paid = np.int32 if np.issubdtype(histories.rewards.dtype, np.integer) else np.float32
    ends = np.arange(1, length + 1) % histories.horizon == 0
    for first in range(0, len(histories.tasks), streams):
        rooms = slice(first, first + streams)
        stored = histories.next_states[rooms].copy()
        stored[:, ends] = histories.states[rooms, :1]
        group = file.create_group(str(int(histories.tasks[first])))
        columns = {
            "states": histories.states[rooms],
            "actions": histories.actions[rooms],
            "rewards": histories.rewards[rooms],
            "next_states": stored,
        }
        for name, values in columns.items():
            group.create_dataset(name, data=values.swapaxes(0, 1).astype(paid if name == "rewards" else np.int32))
        group.create_dataset("dones", data=np.repeat(ends[:, None], streams, axis=1))
