"""`adtui train` on histories whose states and actions are vectors."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from ..records.errors import ConfigError
from ..records.exit_codes import DONE, of_signal

if TYPE_CHECKING:
    from ..training.vectors import VectorReport


def run_vectors(args: argparse.Namespace, *, stopping: Callable[[], AbstractContextManager[list[int]]]) -> int:
    """Train; the run directory goes to stdout.

    Args:
        stopping: see `train._stopping`.
    """
    from ..files.settings import load_settings
    from ..files.yaml import load_yaml
    from ..training.settings import TrainSettings
    from ..training.vector_settings import VectorTrainSettings

    if args.compress is not None:
        found = f"--compress {args.compress}"
        raise ConfigError("adtui train", expected="no --compress with vectors", found=found, action="leave it out")
    settings = load_settings(args.config, VectorTrainSettings, others={"adtui train": TrainSettings})
    given = {"seed": args.seed, "log_dir": args.run_dir}
    changed = {name: value for name, value in given.items() if value is not None}
    if changed:
        settings = load_settings(load_yaml(args.config) | changed, VectorTrainSettings)
    from ..models.loading import choose_device
    from ..training.vectors import train_vectors
    from .progress import bar

    unit = "nats" if settings.learn_var else "squared"
    with stopping() as stopped, bar() as progress:
        task = progress.add_task("train", total=settings.train_timesteps, note="")

        def show(report: VectorReport) -> None:
            progress.update(task, completed=report.step, note=f"loss {report.loss:.3f}")
            if report.validation is not None:
                said = f"step {report.step}: loss {report.loss:.3f}, on tasks held back {report.validation:.3f} {unit}"
                progress.console.print(said) if sys.stderr.isatty() else print(said, file=sys.stderr, flush=True)

        device = str(choose_device(args.device))
        best = train_vectors(settings, device=device, on_step=show, should_stop=lambda: bool(stopped))
    print(settings.run_dir)
    print(f"kept step {best[0]}: {best[1]:.4f} {unit} on tasks held back", file=sys.stderr)
    return of_signal(stopped[0]) if stopped else DONE
