"""A training run on disk: runs/<name>/ckpt-<step>.pt, config.yaml, resume.pt, and the symlink runs/latest.

A checkpoint (weights and settings) is written whenever validation improves, so the latest one is the chosen one.
`resume.pt` holds the optimiser as well: a run that was stopped goes on from it exactly.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import yaml

from ..files.atomic import point_symlink, replacing
from ..records.errors import CheckpointError, ConfigError
from .settings import TrainSettings
from .steps import StepReport, Training

RESUME = "resume.pt"


def train(
    settings: TrainSettings,
    *,
    device: str = "cpu",
    on_step: Callable[[StepReport], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Training:
    """Train to the end, or until `should_stop` says so after a step; the state is on disk when this returns.

    Raises:
        ConfigError: the run directory holds another run, or cannot be written.
        HistoryError: `histories` cannot be used.
        ModelError: the loss is no longer finite.
    """
    directory = settings.run_dir
    try:
        directory.mkdir(parents=True, exist_ok=True)
        training = open_training(settings, device)
        _write_config(directory, settings)
        _link_latest(directory)
        _advance(training, directory, on_step, should_stop)
    except OSError as error:
        raise ConfigError(
            directory, expected="a directory to write to", found=str(error), action="choose another log_dir"
        ) from error
    return training


def _advance(
    training: Training,
    directory: Path,
    on_step: Callable[[StepReport], None] | None,
    should_stop: Callable[[], bool] | None,
) -> None:
    total = training.settings.train_timesteps
    saved = training.step
    while training.step < total and not (should_stop and should_stop()):
        report = training.advance()
        if report.improved:
            save_checkpoint(training, directory)
        if report.validation is not None:
            save_state(training, directory / RESUME)
            saved = training.step
        if on_step is not None:
            on_step(report)
    if training.step > saved:
        save_state(training, directory / RESUME)
    if training.best is None:
        save_checkpoint(training, directory)


def open_training(settings: TrainSettings, device: str = "cpu") -> Training:
    """A new training, or the one that stopped in this run directory.

    Raises:
        ConfigError: the directory holds checkpoints of something else.
        CheckpointError: resume.pt cannot be read.
    """
    directory = settings.run_dir
    state_file = directory / RESUME
    if not state_file.exists():
        if any(directory.glob("ckpt-*.pt")):
            raise ConfigError(
                directory,
                expected="a new run directory or one with resume.pt",
                found="checkpoints without it",
                action="choose another log_dir, or move them away",
            )
        return Training(settings, device)
    try:
        state = torch.load(state_file, weights_only=True, map_location="cpu")
        config, best = dict(state["config"]), state["best"]
        _same_settings(directory, config, settings.stored())
        training = Training(settings, device)
        training.network.load_state_dict(state["model"])
        training.optimizer.load_state_dict(state["optimizer"])
        training.schedule.load_state_dict(state["lr_sched"])
        training.step = operator.index(state["step"])  # of 7.5, int() would make another step than the schedule's
        training.best = None if best is None else (operator.index(best[0]), float(best[1]))
    except ConfigError:
        raise
    except Exception as error:  # torch.load raises many kinds on a damaged file
        found = f"{type(error).__name__}: {error}"[:200]
        raise CheckpointError(
            state_file, expected="the state of a stopped run", found=found, action="delete it to start anew"
        ) from error
    return training


def _same_settings(directory: Path, stored: dict[str, Any], wanted: dict[str, Any]) -> None:
    for name in wanted | stored:
        if name != "log_dir" and stored.get(name) != wanted.get(name):
            raise ConfigError(
                directory,
                expected=f"the settings of the run that is there ({name}: {stored.get(name)})",
                found=f"{name}: {wanted.get(name)}",
                action="choose another log_dir, or delete the directory to start anew",
            )


def save_checkpoint(training: Training, directory: Path) -> Path:
    """Write ckpt-<step>.pt: weights under the users' names and the settings, openable with weights_only=True."""
    path = directory / f"ckpt-{training.step}.pt"
    content = {
        "step": training.step,
        "config": training.settings.stored(),
        "model": training.network.to_state_dict(),
    }
    _save(content, path)
    return path


def save_state(training: Training, path: Path) -> None:
    """Write what a stopped run needs to go on."""
    content = {
        "step": training.step,
        "config": training.settings.stored(),
        "best": training.best,
        "model": training.network.state_dict(),
        "optimizer": training.optimizer.state_dict(),
        "lr_sched": training.schedule.state_dict(),
    }
    _save(content, path)


def _save(content: dict[str, Any], path: Path) -> None:
    # To a file object: given a path, torch writes the (temporary) name into the file, and equal runs differ.
    with replacing(path) as temporary, temporary.open("wb") as file:
        torch.save(content, file)


def _write_config(directory: Path, settings: TrainSettings) -> None:
    with replacing(directory / "config.yaml") as temporary:
        temporary.write_text(yaml.safe_dump(settings.stored(), sort_keys=False), encoding="utf-8")


def _link_latest(directory: Path) -> None:
    link = directory.parent / "latest"
    if link.is_symlink() or not link.exists():
        point_symlink(link, directory.name)
