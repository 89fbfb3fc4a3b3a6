"""`adtui collect`: source learning histories into HDF5."""

from __future__ import annotations

import argparse
import signal
import sys

from ..records.exit_codes import DONE, INTERRUPTED, of_signal
from .arguments import natural

HELP = "collect learning histories of a source agent into an HDF5 file"


def prepare_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", help="YAML settings, such as configs/collect-explorer.yaml")
    parser.add_argument("--seed", type=natural, help="use this instead of alg_seed")
    parser.add_argument("--force", action="store_true", help="replace the file if it is there")


def run(args: argparse.Namespace) -> int:
    """Collect; the path of the file goes to stdout."""
    from ..files.settings import load_settings
    from ..files.yaml import load_yaml
    from ..histories.collect import collect
    from ..histories.collect_settings import CollectSettings
    from ..records.errors import ConfigError
    from ..training.settings import TrainSettings
    from .progress import bar

    settings = load_settings(args.config, CollectSettings, others={"adtui train": TrainSettings})
    if args.seed is not None:
        settings = load_settings(load_yaml(args.config) | {"alg_seed": args.seed}, CollectSettings)
    if settings.output.exists() and not args.force:
        raise ConfigError(
            settings.output, expected="no file there yet", found="one", action="move it away or give --force"
        )
    before = signal.signal(signal.SIGTERM, _leave)
    try:
        with bar() as progress:
            task = progress.add_task(settings.alg, total=None, note="")
            path = collect(settings, lambda done, total: progress.update(task, completed=done, total=total))
    except KeyboardInterrupt:
        print("stopped; nothing was written", file=sys.stderr)
        return INTERRUPTED
    finally:
        signal.signal(signal.SIGTERM, before)
    print(path)
    return DONE


def _leave(number: int, frame: object) -> None:
    """An exception, so that the half-written temporary file is removed on the way out."""
    del frame
    sys.exit(of_signal(number))
