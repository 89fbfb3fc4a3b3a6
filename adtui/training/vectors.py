"""AD on histories whose states and actions are vectors: DICP's model and loss, one action learnt in every window.

As in DICP's code, but for what it fixes by hand: the checkpoint that is kept is the one with the lowest loss on tasks
that were held back. A stopped run keeps its best checkpoint and is not gone on with.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
import yaml
from torch import Tensor

from ..files.atomic import point_symlink, replacing
from ..histories.file import HistoryFile
from ..histories.forms import Vectors
from ..models.decoder import DecoderShape
from ..models.families.llama_vectors import LlamaVectors
from ..models.llama_weights import to_file
from ..records.action_head import GAUSSIAN
from ..records.arrays import Floats, Ints
from ..records.errors import ConfigError, HistoryError, ModelError
from ..records.run_settings import META_WORLD
from .vector_settings import VectorTrainSettings

_HELD_BACK, _BATCHES, _VALIDATION = 0, 1, 2
VALIDATION_WINDOWS = 512
MAX_STREAMS = 1000
Windows = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]
"""states, actions, rewards, next states, query states, target actions."""


@dataclass(frozen=True)
class VectorReport:
    """One optimiser step: mean loss (nats, or squared distance) of the batch; `validation` of the tasks held back,
    every `eval_interval` steps; `improved` where that is the lowest so far."""

    step: int
    loss: float
    validation: float | None = None
    improved: bool = False


@dataclass(frozen=True)
class Pool:
    """Histories (B, T, …) of some tasks, one after another."""

    states: Floats
    actions: Floats
    rewards: Floats
    next_states: Floats

    def windows(self, n_transit: int, count: int, rng: np.random.Generator) -> Windows:
        """Windows of n_transit steps, anywhere: the last step is the query, whose action is to be learnt."""
        rows = rng.integers(0, len(self.rewards), count)
        starts = rng.integers(0, self.rewards.shape[1] - n_transit + 1, count)
        at = rows[:, None], starts[:, None] + np.arange(n_transit)
        states, actions, rewards, following = (
            torch.from_numpy(part[at]) for part in (self.states, self.actions, self.rewards, self.next_states)
        )
        return states[:, :-1], actions[:, :-1], rewards[:, :-1], following[:, :-1], states[:, -1], actions[:, -1]


def train_vectors(
    settings: VectorTrainSettings,
    *,
    device: str = "cpu",
    on_step: Callable[[VectorReport], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> tuple[int, float]:
    """Train; the best checkpoint is on disk when this returns: its step and its validation loss.

    Raises:
        ConfigError: the run directory holds checkpoints, or cannot be written.
        HistoryError: the histories cannot be used.
        ModelError: the loss is no longer finite.
    """
    torch.set_num_threads(settings.threads)
    directory = settings.run_dir
    learnt, held_back = read_pools(settings)
    network = make_network(settings).to(device)
    if any(directory.glob("ckpt-*.pt")):
        raise ConfigError(directory, expected="a new run directory", found="checkpoints", action="name another log_dir")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with replacing(directory / "config.yaml") as temporary:
            temporary.write_text(yaml.safe_dump(settings.stored(), sort_keys=False), encoding="utf-8")
        link = directory.parent / "latest"
        if link.is_symlink() or not link.exists():
            point_symlink(link, directory.name)
        return _advance(settings, network, learnt, held_back, device, on_step, should_stop)
    except OSError as error:
        action = "choose another log_dir"
        raise ConfigError(directory, expected="a directory to write to", found=str(error), action=action) from error


def _advance(
    settings: VectorTrainSettings,
    network: LlamaVectors,
    learnt: Pool,
    held_back: Pool,
    device: str,
    on_step: Callable[[VectorReport], None] | None,
    should_stop: Callable[[], bool] | None,
) -> tuple[int, float]:
    optimizer = torch.optim.AdamW(network.parameters(), lr=settings.lr, weight_decay=settings.weight_decay)
    rng = np.random.default_rng([settings.seed, _BATCHES])
    kept = _there(held_back.windows(settings.n_transit, VALIDATION_WINDOWS, np.random.default_rng(_VALIDATION)), device)
    best, total = (0, math.inf), settings.train_timesteps
    for step in range(1, total + 1):
        for group in optimizer.param_groups:
            group["lr"] = settings.lr * 0.5 * (1 + math.cos(math.pi * (step - 1) / total))
        batch = _there(learnt.windows(settings.n_transit, settings.train_batch_size, rng), device)
        found = loss(network, batch)
        if not bool(torch.isfinite(found)):
            raise ModelError("adtui train", expected="a finite loss", found=f"{float(found)}", action="lower lr")
        optimizer.zero_grad()
        found.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
        torch.nn.utils.clip_grad_norm_(network.parameters(), settings.clip)
        optimizer.step()
        stopping = step == total or (should_stop is not None and should_stop())
        validation, improved = None, False
        if step % settings.eval_interval == 0 or stopping:
            with torch.no_grad():
                validation = float(loss(network, kept))
            improved = validation < best[1]
            if improved:
                best = step, validation
                save(settings, network, step)
        if on_step is not None:
            on_step(VectorReport(step, float(found.detach()), validation, improved))
        if stopping:
            break
    return best


def loss(network: LlamaVectors, windows: Windows) -> Tensor:
    """Mean over windows and numbers: negative log-likelihood in nats, or the squared distance."""
    *contexts, target = windows
    said = network(*contexts)
    if network.head.kind != GAUSSIAN:
        return F.mse_loss(said, target)
    mean, log_var = said.chunk(2, dim=-1)
    return F.gaussian_nll_loss(mean, target, log_var.exp(), full=True)


def make_network(settings: VectorTrainSettings) -> LlamaVectors:
    """An untrained network, with torch's start values drawn from the seed."""
    inner = settings.tf_n_inner or 4 * settings.tf_n_embd
    shape = DecoderShape(
        settings.tf_n_embd,
        settings.tf_n_layer,
        settings.tf_n_head,
        inner,
        pre_norm=True,
        final_norm=False,
        norm="rms",
        feed_forward="swiglu",
        rotary=True,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        return LlamaVectors(shape, settings.n_transit, settings.dim_obs, settings.head)


def read_pools(settings: VectorTrainSettings) -> tuple[Pool, Pool]:
    """The histories to learn from, and those of the tasks held back.

    Raises:
        HistoryError: too few tasks, too short histories, or a file that holds others.
    """
    path = Path(settings.histories)
    form = Vectors(settings.dim_obs, settings.dim_actions, cut=settings.env == META_WORLD)
    with HistoryFile(path, form, horizon=settings.horizon) as file:
        clock, told = file.clock, settings.horizon
        if told is not None and (other := clock.other) is not None:
            expected, found = f"episodes of {told} steps, as `horizon` says", f"{other} by {clock.by}"
            raise HistoryError(path, expected=expected, found=found, action=f"set horizon: {other}")
        if len(file.tasks) <= settings.validation_tasks:
            expected = f"more than the {settings.validation_tasks} tasks to be held back"
            found, action = str(len(file.tasks)), "lower validation_tasks, or collect more tasks"
            raise HistoryError(path, expected=expected, found=found, action=action)
        order: Ints = np.random.default_rng([0, _HELD_BACK]).permutation(np.array(file.tasks, np.int64))
        back = order[: settings.validation_tasks]
        return _pool(file, np.setdiff1d(order, back), settings), _pool(file, np.sort(back), settings)


def _pool(file: HistoryFile, tasks: Ints, settings: VectorTrainSettings) -> Pool:
    steps = min(file.size(int(task))[0] for task in tasks)
    if steps < settings.n_transit:
        expected = f"histories of at least n_transit = {settings.n_transit} steps"
        raise HistoryError(
            file.path, expected=expected, found=str(steps), action="lower n_transit, or collect longer ones"
        )
    each = [file.read_all(int(task), MAX_STREAMS) for task in tasks]
    names = ("states", "actions", "rewards", "next_states")
    return Pool(*(np.concatenate([getattr(one, name)[:, :steps] for one in each]) for name in names))


def save(settings: VectorTrainSettings, network: LlamaVectors, step: int) -> Path:
    """Write ckpt-<step>.pt, weights under the names of DICP's code."""
    path = settings.run_dir / f"ckpt-{step}.pt"
    content = {"step": step, "config": settings.stored(), "model": to_file(network)}
    with replacing(path) as temporary, temporary.open("wb") as file:
        torch.save(content, file)
    return path


def _there(windows: Windows, device: str) -> Windows:
    states, actions, rewards, following, queries, targets = (part.to(device) for part in windows)
    return states, actions, rewards, following, queries, targets
