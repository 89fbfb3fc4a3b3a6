"""`adtui train`: train an Algorithm Distillation model in one of the worlds here, or on histories of vectors."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ..records.exit_codes import DONE, of_signal
from .arguments import natural

if TYPE_CHECKING:
    from rich.progress import Progress

    from ..training.settings import TrainSettings
    from ..training.steps import StepReport

HELP = "train an AD model; goes on where a stopped run ended"


def prepare_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", help="YAML settings, such as configs/darkroom.yaml")
    parser.add_argument("--seed", type=natural, help="use this seed instead of the one in the file")
    parser.add_argument("--run-dir", help="use this run directory instead of log_dir")
    parser.add_argument("--compress", metavar="STRATEGY:K", help="learn from compressed contexts, such as recent:20")
    parser.add_argument("--device", default="cpu", help="auto, cpu, cuda, cuda:1 (default: cpu)")


def run(args: argparse.Namespace) -> int:
    """Train; the run directory goes to stdout. Ctrl+C and SIGTERM save the state and stop."""
    if _of_vectors(args.config):
        from .train_vectors import run_vectors

        return run_vectors(args, stopping=_stopping)
    settings = _settings(args)
    from ..models.loading import choose_device
    from ..training.run import train
    from .progress import bar

    device = str(choose_device(args.device))
    with _stopping() as stopped, bar() as progress:
        show = _Display(progress, settings)
        training = train(settings, device=device, on_step=show, should_stop=lambda: bool(stopped))
    print(settings.run_dir)
    if stopped:
        done = f"step {training.step} of {settings.train_timesteps}"
        print(f"stopped at {done}; the same command goes on from there", file=sys.stderr)
        return of_signal(stopped[0])
    if training.best is not None:
        step, divergence = training.best
        print(f"kept step {step}: validation KL {divergence:.4f} nats on held-back goals", file=sys.stderr)
    return DONE


def _of_vectors(config: str) -> bool:
    """Whether a config is for states and actions that are vectors."""
    from ..files.yaml import load_yaml

    return "dim_obs" in load_yaml(config, unique=True)


def _settings(args: argparse.Namespace) -> TrainSettings:
    from ..files.settings import load_settings
    from ..files.yaml import load_yaml
    from ..histories.collect_settings import CollectSettings
    from ..training.settings import TrainSettings

    settings = load_settings(args.config, TrainSettings, others={"adtui collect": CollectSettings})
    given = {"seed": args.seed, "log_dir": args.run_dir, "compress": args.compress}
    changed = {name: value for name, value in given.items() if value is not None}
    return load_settings(load_yaml(args.config) | changed, TrainSettings) if changed else settings


@contextlib.contextmanager
def _stopping() -> Iterator[list[int]]:
    """A list that receives the signal's number at the first SIGINT or SIGTERM; a second one stops at once.

    A flag and not an exception, so that a step is never left half-taken.
    """
    received: list[int] = []

    def note(number: int, frame: object) -> None:
        del frame
        if received:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        received.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Display:
    """Loss, accuracy, KL on held-back goals and time left: a bar on a terminal, one line per validation elsewhere."""

    def __init__(self, progress: Progress, settings: TrainSettings) -> None:
        self.progress = progress
        self.task: Any = progress.add_task("train", total=settings.train_timesteps, note="")
        self.loss = self.accuracy = float("nan")
        self.validation = ""
        self.started: tuple[float, int] | None = None
        self.write: Callable[[str], None] = lambda line: print(line, file=sys.stderr, flush=True)

    def __call__(self, report: StepReport) -> None:
        first = self.started is None
        self.loss = report.loss if first else 0.98 * self.loss + 0.02 * report.loss
        self.accuracy = report.accuracy if first else 0.98 * self.accuracy + 0.02 * report.accuracy
        if self.started is None:
            self.started = (time.monotonic(), report.step - 1)
        if report.validation is not None:
            self.validation = f" · KL {report.validation[0]:.3f}"
        note = f"loss {self.loss:.2f} · accuracy {self.accuracy:.0%}{self.validation}"
        self.progress.update(self.task, completed=report.step, note=note)
        if self.progress.disable and report.validation is not None:
            self.write(f"step {report.step}/{report.total} · {note} · {self._left(report)} s left")

    def _left(self, report: StepReport) -> int:
        assert self.started is not None
        elapsed, done = time.monotonic() - self.started[0], report.step - self.started[1]
        return round(elapsed / done * (report.total - report.step))
