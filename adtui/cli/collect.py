"""`adtui collect`: source learning histories into HDF5."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from ..records.errors import ConfigError
from ..records.exit_codes import DONE, INTERRUPTED, of_signal
from .arguments import add_world, natural, positive

HELP = "collect learning histories of a source agent into an HDF5 file"
EPISODES, STREAMS = 20, 2
"""With --world."""
Collector = Callable[[Callable[[int, int], None]], Path]


def prepare_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", nargs="?", help="YAML settings, such as configs/collect-explorer.yaml")
    parser.add_argument("--seed", type=natural, help="use this instead of alg_seed")
    parser.add_argument("--force", action="store_true", help="replace the file if it is there")
    add_world(parser)
    own = parser.add_argument_group("with --world, which has no config (docs/vectors.md)")
    own.add_argument("--output", metavar="FILE.hdf5", help="the file to write")
    own.add_argument("--tasks", choices=("train", "test"), default="train", help="of which tasks (default: train)")
    own.add_argument("--episodes", type=positive, default=EPISODES, help=f"of each history (default: {EPISODES})")
    own.add_argument("--streams", type=positive, default=STREAMS, help=f"histories per task (default: {STREAMS})")
    own.add_argument("--horizon", type=positive, help="steps of an episode, where the world does not say")
    own.add_argument("--random", action="store_true", help="random actions, though the factory has a policy")


def run(args: argparse.Namespace) -> int:
    """Collect; the path of the file goes to stdout."""
    source, output, collector = _in_world(args) if args.world is not None else _by_config(args)
    if output.exists() and not args.force:
        raise ConfigError(output, expected="no file there yet", found="one", action="move it away or give --force")
    from .progress import bar

    before = signal.signal(signal.SIGTERM, _leave)
    try:
        with bar() as progress:
            task = progress.add_task(source, total=None, note="")
            path = collector(lambda done, total: progress.update(task, completed=done, total=total))
    except KeyboardInterrupt:
        print("stopped; nothing was written", file=sys.stderr)
        return INTERRUPTED
    finally:
        signal.signal(signal.SIGTERM, before)
    print(path)
    return DONE


def _by_config(args: argparse.Namespace) -> tuple[str, Path, Collector]:
    """Who acts, the file, and what writes it, of one of the worlds here."""
    from ..files.settings import load_settings
    from ..files.yaml import load_yaml
    from ..histories.collect import collect
    from ..histories.collect_settings import CollectSettings
    from ..training.settings import TrainSettings

    if args.config is None:
        raise ConfigError("adtui collect", expected="a config, or --world", found="neither", action="give one of them")
    settings = load_settings(args.config, CollectSettings, others={"adtui train": TrainSettings})
    if args.seed is not None:
        settings = load_settings(load_yaml(args.config) | {"alg_seed": args.seed}, CollectSettings)
    return settings.alg, settings.output, lambda progress: collect(settings, progress)


def _in_world(args: argparse.Namespace) -> tuple[str, Path, Collector]:
    """The same of a world of the user's; who acts is said, since no name in a file tells it."""
    from ..histories.collect_in_world import WorldCollection, collect_in
    from ..worlds.user_world import Shape, UserWorld

    if args.config is not None or args.output is None:
        expected = "--output FILE.hdf5 and no config beside --world"
        found = args.config if args.config is not None else "no --output"
        raise ConfigError("adtui collect", expected=expected, found=found, action="correct the command")
    world = UserWorld(args.world)
    shape = Shape.of(world)
    tasks = world.train if args.tasks == "train" else world.test
    if not tasks:
        name = f"{args.tasks}_tasks"
        raise world.wrong(f"a factory with {name}", "none", "give it some, or collect the other ones: --tasks")
    horizon = args.horizon or world.check(shape)
    if not horizon:
        raise world.wrong("a horizon", "none", "give --horizon, or the factory one: FACTORY.horizon = …")
    plan = WorldCollection(
        world=world,
        shape=shape,
        tasks=tasks,
        output=Path(args.output),
        episodes=args.episodes,
        streams=args.streams,
        horizon=horizon,
        seed=args.seed or 0,
        random=args.random,
    )
    print(f"adtui: {plan.source}, {len(tasks)} tasks, episodes of at most {horizon} steps", file=sys.stderr)
    return plan.source, plan.output, lambda progress: collect_in(plan, progress)


def _leave(number: int, frame: object) -> None:
    """An exception, so that the half-written temporary file is removed on the way out."""
    del frame
    sys.exit(of_signal(number))
