"""`adtui evaluate`: does the model learn in context, on goals that it never saw?"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..records.cores import cores
from ..records.defaults import CONTROL_SHARE, EPISODES, POSITIONS, SEED, STREAMS
from ..records.exit_codes import DONE, INTERRUPTED
from .arguments import add_model, add_world, natural, positive

if TYPE_CHECKING:
    from ..compression.choice import Choice
    from ..models.model import Model
    from ..records.interval import Interval
    from ..records.run_settings import RunSettings
    from ..worlds.returns import Evaluation, EvaluationPlan
    from ..worlds.rollouts import Policy
    from ..worlds.settings import Arena

HELP = "measure the in-context return per episode on training and held-out goals, with controls"
TITLES = {
    "held_out": "held-out goals",
    "train": "training goals",
    "context_wiped": "control: context wiped every episode",
    "reward_zeroed": "control: rewards hidden",
    "compressed": "held-out goals, compressed contexts",
    "thompson": "Thompson sampling, held-out goals",
    "ucb": "UCB (mean + 1/√pulls), held-out goals",
}
MARKERS = ("●", "○", "×", "·", "▲", "t", "u")
ASKED = (
    *("episodes", "streams", "control_streams", "context", "seed", "compress", "greedy"),
    *("device", "heads", "causal", "adapter", "world"),
)
"""The options that numbers depend on."""


def prepare_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", help="run directory, checkpoint file or runs/latest")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table and a plot")
    parser.add_argument(
        "--episodes", type=positive, help=f"per history (default: {EPISODES}, bandits as many as have 800 pulls)"
    )
    parser.add_argument(
        "--streams", type=positive, default=STREAMS, help=f"histories per held-out goal (default: {STREAMS})"
    )
    parser.add_argument("--control-streams", type=positive, help="the same in the controls (default: a quarter)")
    parser.add_argument("--context", type=positive, help="context length in transitions (default: the longest)")
    parser.add_argument("--seed", type=natural, default=SEED, help=f"of the action draws (default: {SEED})")
    parser.add_argument(
        "--compress", metavar="STRATEGY:K", help="also act on compressed contexts (default: as the run was trained)"
    )
    parser.add_argument("--greedy", action="store_true", help="take the likeliest action instead of drawing one")
    add_world(parser)
    add_model(parser)


def run(args: argparse.Namespace) -> int:
    """Evaluate; the result goes to stdout."""
    from ..compression.shortened import check_needs
    from ..files.checkpoint import load_checkpoint
    from ..files.origin import source_of
    from ..files.runs import find_run
    from ..histories.goals import with_groups
    from ..models.loading import load_model
    from ..records.as_json import as_json
    from ..records.provenance import Provenance
    from ..worlds.returns import usual_episodes
    from ..worlds.settings import arena_of, run_settings, world_of

    opened = find_run(args.run)
    checkpoint = load_checkpoint(opened.latest)
    model = load_model(checkpoint, device=args.device, heads=args.heads, causal=args.causal, adapter=args.adapter)
    settings = run_settings(
        checkpoint.config, opened.config_path, name=checkpoint.path, sizes=model.sizes, customs=model.customs
    )
    settings = with_groups(settings, opened.directory)
    world = None if args.world is not None else world_of(settings)
    args.episodes = args.episodes or (EPISODES if world is None else usual_episodes(world))
    choice = None
    try:
        if args.world is not None:
            from .evaluate_in_world import measure_in_world  # gymnasium, and the user's code

            result, titles, notes = measure_in_world(model, settings, args)
        else:
            titles, arena = _titles(settings), arena_of(settings)
            plan, notes = make_plan(model, arena, args, share_cores(model)), arena.doubts(settings)
            choice = _choice(args.compress or settings.compress)
            if choice is not None:
                check_needs(model, choice)
            compressed = None if choice is None else _shortened(model, choice, plan)
            result = _measure(model, plan, titles, compressed)
            notes += _regret(result, plan)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return INTERRUPTED
    about = {
        "checkpoint": f"{opened.name}/{checkpoint.path.name}",
        "step": checkpoint.step,
        "episodes": args.episodes,
        "context": model.context_length(args.context),
        "seed": args.seed,
        **({"compress": choice.label} if choice is not None else {}),
        "notes": list(notes),
    }
    source = source_of(opened, checkpoint, model.description, settings)
    if args.json:
        provenance = Provenance("evaluate", (source,), options={name: getattr(args, name) for name in ASKED})
        measured = {"settings": settings.to_json(), "curves": result.to_json()}
        print(json.dumps(as_json({"provenance": provenance.to_json(), **about, **measured}), indent=1))
    else:
        _print_table(about, result, titles)
        _print_plot(result, titles)
    return DONE


def _measure(
    model: Model, plan: EvaluationPlan, titles: dict[str, str], compressed: Callable[[int], Policy] | None
) -> Evaluation:
    """Evaluate, with a bar for each condition."""
    from ..worlds.returns import evaluate
    from .progress import bars

    with bars(dict(zip(TITLES.values(), titles.values(), strict=True))) as show:
        return evaluate(model.policy, plan, show, compressed)


def _choice(text: Any) -> Choice | None:
    """The strategy to act with beside full context, as asked or as the run was trained."""
    from ..compression.choice import parse
    from ..records.errors import ConfigError

    if text is None:
        return None
    if not isinstance(text, str):
        raise ConfigError("compress", expected="STRATEGY:K", found=repr(text)[:40], action="give --compress")
    return parse(text)


def _shortened(model: Model, choice: Choice, plan: EvaluationPlan) -> Callable[[int], Policy]:
    """Policies that compress their contexts, one for each group of rooms."""
    from ..compression.acting import ShortenedPolicy
    from ..worlds.draws import Use, generator

    def make(index: int) -> Policy:
        return ShortenedPolicy(
            model, choice, POSITIONS, plan.world.horizon, generator(plan.seed, Use.STRATEGIES, index)
        )

    return make


def share_cores(model: Model) -> int:
    """Threads to roll out with. One core per rollout: the matrices are small, and torch's own threads would mostly
    wait for each other (five times the CPU time on two busy cores)."""
    import torch

    if model.device.type != "cpu":
        return 1
    torch.set_num_threads(1)
    return cores()


def make_plan(model: Model, arena: Arena, args: argparse.Namespace, workers: int = 1) -> EvaluationPlan:
    """What to measure.

    Raises:
        ConfigError: a longer --context than the model takes.
    """
    from ..worlds.returns import EvaluationPlan

    return EvaluationPlan(
        world=arena.world,
        split=arena.split,
        n_context=model.context_length(args.context),
        episodes=args.episodes,
        streams=args.streams,
        control_streams=args.control_streams or max(1, args.streams // CONTROL_SHARE),
        seed=args.seed,
        greedy=args.greedy,
        workers=workers,
        stride=model.stride,
    )


def _titles(settings: RunSettings) -> dict[str, str]:
    """What each condition is called: where the split is assumed, no goal is said to be held out or trained on."""
    if settings.split_known:
        return TITLES
    return TITLES | {
        "held_out": settings.held_out,
        "thompson": f"Thompson sampling, {settings.held_out}",
        "ucb": f"UCB (mean + 1/√pulls), {settings.held_out}",
        "train": settings.trained_on,
        "compressed": f"{settings.held_out}, compressed contexts",
    }


def _print_table(about: dict[str, Any], result: Evaluation, titles: dict[str, str]) -> None:
    from rich.console import Console
    from rich.table import Table

    from ..records.trial import LAST

    table = Table(title=f"{about['checkpoint']} · step {about['step']}", title_justify="left")
    for column in (
        "",
        "first episode",
        f"last {min(LAST, about['episodes'])} episodes",
        "of optimal",
        "random",
        "optimal",
        "histories",
        *(("regret, all episodes",) if result.thompson is not None else ()),
    ):
        table.add_column(column, justify="right" if column else "left", overflow="fold")
    for name, curve in result.curves().items():
        last, share = curve.last, curve.share_of_optimal
        table.add_row(
            f"{titles[name]}, {about['compress']}" if name == "compressed" else titles[name],
            f"{curve.episodes[0].mean:.2f}",
            _range(last),
            "–" if math.isnan(share.mean) else f"{share.mean:.1%} [{share.low:.1%}, {share.high:.1%}]",
            f"{curve.random:.2f}",
            "–" if math.isnan(curve.optimal) else f"{curve.optimal:.2f}",
            str(curve.histories),
            *((_range(curve.regret),) if result.thompson is not None else ()),
        )
    Console(width=None if sys.stdout.isatty() else 140).print(table)
    for note in about["notes"]:
        print(f"Note: {note}.")


def _range(found: Interval) -> str:
    return f"{found.mean:.2f} [{found.low:.2f}, {found.high:.2f}]"


def _regret(result: Evaluation, plan: EvaluationPlan) -> tuple[str, ...]:
    """What regret is, and what random pulls have of it, where agents that learn stand beside a model."""
    if result.thompson is None:
        return ()
    random = plan.episodes * (result.held_out.optimal - result.held_out.random)
    lost = f"regret is what {plan.episodes * plan.world.horizon} pulls lost against the best arm, by the arms' means"
    return (f"{lost}; random pulls lose {random:.2f}",)


def _print_plot(result: Evaluation, titles: dict[str, str]) -> None:
    import shutil

    import plotext

    from ..reports.blocks import episode_ticks

    width = min(100, shutil.get_terminal_size((100, 24)).columns)
    plotext.clear_figure()
    plotext.plotsize(width, 20)
    plotext.theme("clear")
    markers = dict(zip(TITLES, MARKERS, strict=True))
    for name, curve in reversed(list(result.curves().items())):  # the held-out curve last, on top
        means = [point.mean for point in curve.episodes]
        plotext.plot(list(range(len(means))), means, marker=markers[name])
    held_out = result.held_out
    lines = {"optimal": held_out.optimal, "random": held_out.random}
    lines = {name: value for name, value in lines.items() if not math.isnan(value)}
    for value in lines.values():
        plotext.hline(value)
    plotext.title(f"return per episode; lines: {', '.join(f'{name} {value:.2f}' for name, value in lines.items())}")
    plotext.xlabel("episode")
    plotext.xticks(episode_ticks(len(held_out.episodes)))
    text = plotext.build()
    print(text if sys.stdout.isatty() else plotext.uncolorize(text))
    # plotext's own legend would lie on the rise of the curve.
    print("\n".join(f"    {markers[name]} {titles[name]}" for name in result.curves()))
