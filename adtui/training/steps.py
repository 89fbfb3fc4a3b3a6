"""Training an Algorithm Distillation model: behaviour cloning of whole learning histories (arXiv 2210.14215).

Every window gives n_transit targets in one pass (`Encoder.parallel_logits`), fewer with compression in the loop
(`compressed_training`). Histories are drawn anew as training goes on, or read from HDF5. Some training goals are held
back: the checkpoint that is kept is the one with the lowest divergence from the source on those, where the goal is
already in context. Training loss does not show whether a model generalises to goals that it never saw; this does. The
test goals are not looked at.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..compression.choice import parse
from ..histories.collect import source_of
from ..histories.training import read_histories
from ..models.decoder import DecoderShape
from ..models.families.encoder import Encoder
from ..records.errors import ModelError
from ..worlds.agents import Histories, Source, run_source
from ..worlds.world import IntArray
from .settings import TrainSettings
from .start_values import initialise
from .targets import compressed_targets
from .windows import TrainingBatch, draw_windows

#: Streams of random numbers: each is a function of (seed, purpose, step), so a resumed run needs no generator states.
_HISTORIES, _BATCHES, _VALIDATION, _HELD_BACK = range(4)


@dataclass(frozen=True)
class StepReport:
    """One optimiser step: mean cross-entropy (nats) and share of steps where the likeliest action is one of the
    source's likeliest. `validation` is (KL with the goal in context, KL before) on the goals held back, every
    eval_interval steps."""

    step: int
    total: int
    loss: float
    accuracy: float
    validation: tuple[float, float] | None = None
    improved: bool = False


class Training:
    """The state of a training run and its steps."""

    def __init__(self, settings: TrainSettings, device: str = "cpu") -> None:
        torch.set_num_threads(settings.threads)
        self.settings, self.device = settings, torch.device(device)
        self.train_goals, self.held_back = reserve(settings)
        self.choice = None if settings.compress is None else parse(settings.compress)
        self.network = make_network(settings).to(self.device)
        self.optimizer = make_optimizer(self.network, settings)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimizer, lambda step: rate(step, settings))
        self.step = 0
        self.best: tuple[int, float] | None = None  # (step, validation KL)
        self._pool: tuple[int, Histories] | None = None
        self._validation = self._validation_windows()

    def advance(self) -> StepReport:
        """Take one optimiser step, and validate when it is time."""
        settings = self.settings
        rng = np.random.default_rng([settings.seed, _BATCHES, self.step])
        batch = draw_windows(
            self._histories(), settings.train_batch_size, settings.n_transit, settings.start_share, rng
        )
        logits, target, _ = self._forward(batch, rng)
        loss = -(target * logits.log_softmax(dim=-1)).sum(dim=-1).mean()
        if not torch.isfinite(loss):
            raise ModelError(
                f"training, step {self.step}", expected="a finite loss", found=str(loss.item()), action="lower lr"
            )
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), settings.clip)
        self.optimizer.step()
        self.schedule.step()
        self.step += 1
        chosen = target.gather(-1, logits.argmax(dim=-1, keepdim=True)).squeeze(-1)
        accuracy = (chosen >= target.amax(dim=-1) - 1e-6).float().mean()
        validation = None
        improved = False
        if self.step % settings.eval_interval == 0 or self.step == settings.train_timesteps:
            validation = self.validate()
            improved = self.best is None or validation[0] < self.best[1]
            if improved:
                self.best = (self.step, validation[0])
        return StepReport(self.step, settings.train_timesteps, loss.item(), accuracy.item(), validation, improved)

    def validate(self) -> tuple[float, float]:
        """Mean KL(source || model) in nats on held-back goals: (a reward is in context, none is yet)."""
        with torch.inference_mode():
            # The same times and the same chance at every validation.
            logits, target, steps = self._forward(self._validation, np.random.default_rng(_VALIDATION))
            divergence = target * (target.clamp_min(1e-9).log() - logits.log_softmax(dim=-1))
        values = divergence.sum(dim=-1).cpu().numpy()
        seen = self._validation.reward_seen()[:, steps]
        before = float(values[~seen].mean()) if (~seen).any() else math.nan
        return float(values[seen].mean()) if seen.any() else before, before

    def _forward(self, windows: TrainingBatch, rng: np.random.Generator) -> tuple[Tensor, Tensor, IntArray]:
        """Logits and targets, both (B, T, A), and the steps that they are about, (T,): all n without compression."""
        if self.choice is not None:
            found = compressed_targets(
                self.network, windows, self.choice, self.settings.world.horizon, rng, self.device
            )
            return found.logits, found.probabilities, found.steps

        def there(values: np.ndarray[Any, np.dtype[Any]]) -> Tensor:
            return torch.from_numpy(values).to(self.device)

        logits = self.network.parallel_logits(
            there(windows.states), there(windows.actions), there(windows.rewards), there(windows.next_states)
        )
        return logits, there(windows.probabilities), np.arange(windows.actions.shape[1])

    def _histories(self) -> Histories:
        """The pool that this step draws from."""
        settings = self.settings
        number = 0 if settings.histories else self.step // settings.redraw_interval
        if self._pool is None or self._pool[0] != number:
            self._pool = None  # let the old one go first: two pools are twice the memory
            self._pool = (number, self._draw(self.train_goals, settings.train_n_stream, [_HISTORIES, number]))
        return self._pool[1]

    def _validation_windows(self) -> TrainingBatch:
        # The same windows whatever the training seed, so that runs can be compared.
        rng = np.random.default_rng([self.settings.env_split_seed, _VALIDATION])
        streams = min(12, self.settings.train_n_stream)
        histories = self._draw(self.held_back, streams, [_VALIDATION], seed=self.settings.env_split_seed)
        return draw_windows(histories, 96, self.settings.n_transit, self.settings.start_share, rng)

    def _draw(self, goals: tuple[int, ...], streams: int, purpose: list[int], seed: int | None = None) -> Histories:
        settings = self.settings
        if settings.histories:
            path, length = Path(settings.histories), settings.n_transit
            return read_histories(path, settings.world, goals, streams, least=length)
        rooms = np.repeat(np.array(goals, dtype=np.int64), streams)
        rng = np.random.default_rng([settings.seed if seed is None else seed, *purpose])
        return run_source(make_source(settings), settings.world, rooms, settings.episodes, rng)


def reserve(settings: TrainSettings) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(goals to train on, goals held back for validation), both from the training side of the split."""
    goals = settings.world.split(settings.env_split_seed, settings.train_env_ratio).train
    rng = np.random.default_rng([settings.env_split_seed, _HELD_BACK])
    held_back = {int(goal) for goal in rng.permutation(goals)[: settings.validation_goals]}
    return tuple(goal for goal in goals if goal not in held_back), tuple(sorted(held_back))


def make_source(settings: TrainSettings) -> Source:
    """The source agent, with the settings' noise where they state some."""
    start, episodes = settings.noise_start, settings.noise_episodes
    return source_of(settings.alg, settings.episodes, noise_start=start, noise_episodes=episodes)


def make_network(settings: TrainSettings) -> Encoder:
    """An untrained network of the encoder family."""
    d_ff = settings.tf_dim_feedforward or 4 * settings.tf_n_embd
    shape = DecoderShape(
        settings.tf_n_embd, settings.tf_n_layer, settings.tf_n_head, d_ff, pre_norm=settings.norm == "pre"
    )
    network = Encoder(shape, settings.n_transit, settings.world.size, settings.world.num_actions)
    initialise(network, settings.seed)
    return network


def make_optimizer(network: Encoder, settings: TrainSettings) -> torch.optim.AdamW:
    """AdamW; biases and norms do not decay."""
    decayed = [weight for weight in network.parameters() if weight.ndim >= 2]
    others = [weight for weight in network.parameters() if weight.ndim < 2]
    groups = [
        {"params": decayed, "weight_decay": settings.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=settings.lr, betas=(settings.beta1, settings.beta2))


def rate(step: int, settings: TrainSettings) -> float:
    """Learning rate at `step` as a share of `lr`: linear warm-up, then half a cosine down to `lr_end`."""
    warm = min(1.0, (step + 1) / max(1, settings.num_warmup_steps))
    share = min(1.0, step / settings.train_timesteps)
    return warm * (settings.lr_end + (1 - settings.lr_end) * 0.5 * (1 + math.cos(math.pi * share)))
