"""`adtui extract`: raw attention and logits into an .npz file, for scripts of one's own."""

from __future__ import annotations

import argparse
import shutil
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..records.errors import ExportError
from ..records.exit_codes import DONE
from .arguments import add_inputs, add_opening, add_run, chosen_layers, layers, opening_options, say_new

if TYPE_CHECKING:
    import numpy as np

    from ..engine.session import Session
    from ..records.arrays import Floats

    Arrays = dict[str, np.ndarray[Any, Any]]

HELP = "write raw attention and logits of a run to an .npz file"

#: Largest attention array: it is held in memory whole before it is written.
MAX_BYTES = 4 << 30
_ARRAYS = """\
arrays of the output:
  attn      (samples, layers, heads, queries, keys) float32; every row sums to 1
  logits    (samples, actions) float32, at the query; where actions are vectors, what is read of them: (samples, D)
            the D numbers of an action, or (samples, 2D) their means, then the logarithms of their variances
  layers    (layers,) the indices of the layers written
  tokens    (queries,) what each token is: transition, state, action, reward, query, query action, latent, <c>, </c>,
            flow action, time, other
  token_transition  (queries,) the transition that each token belongs to; n for the query, -1 for none
  read      the token whose row is the query row: there the logits are read
  state_logits      (samples, states, actions), in families that predict at every state token; the query is the last
  policy    (samples, actions), of the flow family: the integrated policy; its logits and attention are the prior pass,
            or, with --flow-step K, that step's: log-probabilities of what it ends in, attention read at the time token
  compress_round<r>_layer<l>_self, …_cross  (samples, heads, latents, latents or keys), of a compressor
  drawn, mark, seed  which contexts these are, in words and as eight digits; the seed, -1 where nothing was drawn
  provenance  run, checkpoint, settings and contexts as JSON: `adtui provenance Y.npz` reads it
  in_*      the contexts, named as below, and in_episode and in_step (samples, n + 1), the query last;
            in_target_actions is -1 where it is not known; of vectors (samples, D), NaN where it is not known

arrays of --inputs, for B contexts of n transitions (the prefix in_ may be absent):
  in_states (B,n,2), in_actions (B,n) or one-hot (B,n,A), in_rewards (B,n), in_next_states (B,n,2),
  in_query_states (B,2), and optionally in_target_actions (B,); where states and actions are vectors,
  in_states (B,n,S), in_actions (B,n,D), in_next_states (B,n,S), in_query_states (B,S), in_target_actions (B,D)
"""


def prepare_parser(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _ARRAYS
    add_run(parser)
    parser.add_argument("--output", metavar="Y.npz", required=True, help="the file to write; replaced if it is there")
    parser.add_argument("--layers", type=layers, metavar="0,2-3", help="layers to write, from 0 (default: all)")
    add_inputs(parser)
    add_opening(parser, first=True)


def run(args: argparse.Namespace) -> int:
    """Extract; the path of the file goes to stdout."""
    from .progress import bar

    with bar() as progress:
        task = progress.add_task("opening_options", total=None, note="")
        from ..engine.opening import open_session  # torch: about two seconds

        session = open_session(args.run, inputs=args.inputs, first=True, **opening_options(args))
        output = Path(args.output)
        chosen = chosen_layers(args.layers, session.model.n_layer)
        _check_size(output, attention_bytes(session, chosen))
        progress.update(task, description="extracting", total=len(session.samples))
        arrays = extract(session, chosen, lambda: progress.advance(task))
        progress.update(task, description="writing", total=None)
        say_new(output.parent)
        _write(output, arrays)
    print(output)
    return DONE


def attention_bytes(session: Session, layers: Sequence[int]) -> int:
    """Size of the array `attn` that `extract` makes."""
    tokens = max(session.layout(index).n_tokens for index in range(len(session.samples)))
    return len(session.samples) * len(layers) * session.model.n_head * tokens**2 * 4


def extract(session: Session, layers: Sequence[int], advance: Callable[[], None] = lambda: None) -> Arrays:
    """The arrays of the output file, see `adtui extract --help`.

    Args:
        session: an opened run; its samples all have the same length.
        layers: which layers to keep.
        advance: called after each sample.
    """
    import numpy as np

    from ..records.layout import TOKEN_KINDS
    from ..records.provenance import drawn, mark

    samples, model, layout = session.samples, session.model, session.layout(0)
    tokens = session.layout(0).n_tokens
    attn: Floats = np.empty((len(samples), len(layers), model.n_head, tokens, tokens), np.float32)
    logits: Floats = np.empty((len(samples), model.head.outputs), np.float32)
    more: dict[str, list[Floats]] = defaultdict(list)
    for index, sample in enumerate(samples):
        captured = session.capture(index)
        for place, layer in enumerate(layers):
            attn[index, place] = captured.heads.matrices(layer)
        logits[index] = captured.attention.logits
        for number, one in enumerate(captured.rounds):
            for layer, (own, cross) in enumerate(zip(one.own, one.cross, strict=True)):
                more[f"compress_round{number}_layer{layer}_self"].append(own)
                more[f"compress_round{number}_layer{layer}_cross"].append(cross)
        if (at_states := model.state_logits(sample)) is not None:
            more["state_logits"].append(at_states)
        if (integrated := model.integrated(sample)) is not None:
            more["policy"].append(integrated)
        advance()
    unknown: int | tuple[float, ...] = (np.nan,) * model.head.size if model.head.continuous else -1
    return {
        "attn": attn,
        "logits": logits,
        "layers": np.array(layers, dtype=np.int64),
        "tokens": np.array(TOKEN_KINDS)[layout.kind],
        "token_transition": layout.transition,
        "read": np.array(layout.read),
        "provenance": np.array(session.provenance("extract").text),
        "drawn": np.array(drawn(session.info)),
        "mark": np.array(mark(samples)),
        "seed": np.array(-1 if session.info.seed is None else session.info.seed),
        **{name: np.stack(arrays) for name, arrays in more.items()},
        "in_states": np.stack([sample.states for sample in samples]),
        "in_actions": np.stack([sample.actions for sample in samples]),
        "in_rewards": np.stack([sample.rewards for sample in samples]),
        "in_next_states": np.stack([sample.next_states for sample in samples]),
        "in_query_states": np.stack([sample.query_state for sample in samples]),
        "in_target_actions": np.array([unknown if s.target_action is None else s.target_action for s in samples]),
        "in_episode": np.stack([sample.episode for sample in samples]),
        "in_step": np.stack([sample.step for sample in samples]),
    }


def _check_size(output: Path, size: int) -> None:
    """Refuse, before any work, what would fill the memory or the disk."""
    advice = "choose fewer --layers or --samples, or a shorter --context"
    found = f"{size / (1 << 30):.1f} GB"
    if size > MAX_BYTES:
        raise ExportError(output, expected=f"attention of at most {MAX_BYTES >> 30} GB", found=found, action=advice)
    if output.is_dir():
        raise ExportError(output, expected="a file to write", found="a directory", action="name a file in it")
    parent = next((parent for parent in output.absolute().parents if parent.is_dir()), Path("/"))
    free = shutil.disk_usage(parent).free
    if size > free:
        expected = f"at most the {free / (1 << 30):.1f} GB that are free there"
        raise ExportError(output, expected=expected, found=found, action=advice)


def _write(output: Path, arrays: Arrays) -> None:
    import numpy as np

    from ..files.atomic import replacing

    try:
        with replacing(output) as temporary, temporary.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]  # numpy's stubs take a keyword of savez for an array
    except OSError as error:
        found = error.strerror or type(error).__name__
        raise ExportError(
            output, expected="a file that can be written", found=found, action="write elsewhere"
        ) from None
