"""The golden files in `data/`: for each family a tiny model, two contexts, and what it must give for them.

    PYTHONPATH=tests python tests/golden/data_files.py [DIRECTORY]

makes them anew. Weights come from seeded generators; attention and logits from the references, which know nothing of
`adtui.models`: torch's own layers, a plain NumPy block, transformers' GPT-2, in float64. A file holds

    weights/NAME            the checkpoint's tensors, float32, by their names in the users' state_dict
    config                  the checkpoint's settings, as JSON
    in_NAME (2, …)          contexts, as `adtui extract --inputs` takes them
    attn (2, L, H, N, N)    attention; logits (2, A), those of the action at the query; both float32
    state_logits (2, ·, A)  where a family predicts at every state token
    compress_round<r>_layer<l>_{self,cross} (2, H, m, ·)  where it has a compressor

so that the numbers stay what they were, whatever becomes of the references.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from checkpoints import save_checkpoint
from references import (
    Array,
    Expected,
    ad_eps,
    compressed_ad,
    contexts,
    dpt,
    encoder,
    flow,
    gpt2,
    gpt2_blocks,
    llama,
    llama_vectors,
    marked,
    rad,
)

DATA = Path(__file__).parent / "data"
INPUTS = ("states", "actions", "rewards", "next_states", "query_states", "target_actions")
SIZES = {"d_model": 8, "n_layer": 2, "n_head": 2, "n_transit": 12}


@dataclass(frozen=True)
class Golden:
    """One golden file.

    Attributes:
        reference: the module that makes the run and reckons what it must give.
        n: transitions of each context.
        seed: of the weights.
        options: more for the reference's `make_run`.
    """

    reference: ModuleType
    n: int
    seed: int
    options: dict[str, Any] = field(default_factory=dict)

    def make_run(self, directory: Path) -> Path:
        """A run directory with the seeded checkpoint."""
        run: Path = self.reference.make_run(directory, seed=self.seed, **SIZES, **self.options)
        return run


FILES = {
    "encoder_post_norm": Golden(encoder, n=11, seed=1),
    "encoder_compressed_context": Golden(marked, n=8, seed=1, options={"compress_interval": 5}),
    "llama": Golden(llama, n=11, seed=1, options={"n_inner": 12}),
    "llama_dynamics": Golden(llama, n=11, seed=1, options={"n_inner": 12, "dynamics": True}),
    "llama_vectors": Golden(llama_vectors, n=11, seed=1, options={"n_inner": 12}),
    "gpt2": Golden(gpt2, n=7, seed=1, options={"n_inner": 12}),
    "gpt2_blocks": Golden(gpt2_blocks, n=11, seed=1, options={"n_inner": 12}),
    "compressed_ad": Golden(
        compressed_ad, n=15, seed=1, options={"n_inner": 12, "n_context_positions": 16, "compress_n_inner": 10}
    ),
    "ad_eps": Golden(ad_eps, n=7, seed=1),
    "dpt": Golden(dpt, n=11, seed=1, options={"n_inner": 12}),
    "flow": Golden(flow, n=7, seed=1, options={"n_inner": 12}),
    # A window of 24 tokens: two rounds of the compressor come before the last transitions and the query.
    "rad": Golden(rad, n=15, seed=9, options={"n_inner": 12, "n_context_positions": 32, "compress_n_inner": 10}),
}


def arrays(golden: Golden) -> dict[str, Array]:
    """All that a golden file holds, by name."""
    make = getattr(golden.reference, "contexts", contexts)  # its own where states are vectors
    given = [make(golden.n, seed) for seed in (1, 2)]
    with tempfile.TemporaryDirectory() as directory:
        [checkpoint] = golden.make_run(Path(directory)).glob("ckpt-*.pt")
        content = torch.load(checkpoint, weights_only=True)
        expected = [golden.reference.expected(checkpoint, *context) for context in given]
    config = {name: value for name, value in content["config"].items() if not isinstance(value, torch.device)}
    return {
        **{f"weights/{name}": tensor.numpy() for name, tensor in content["model"].items()},
        "config": np.array(json.dumps(config, sort_keys=True)),
        **{f"in_{name}": np.stack(column) for name, column in zip(INPUTS, zip(*given, strict=True), strict=True)},
        **_outputs(expected),
    }


def _outputs(expected: list[Expected]) -> dict[str, Array]:
    """What the reference gives for each context, stacked, float32."""
    columns: dict[str, list[Array]] = {
        "attn": [one.attention for one in expected],
        "logits": [one.logits for one in expected],
    }
    if "state_logits" in expected[0].extras:
        columns["state_logits"] = [one.extras["state_logits"] for one in expected]
    for number, round_ in enumerate(expected[0].extras.get("rounds", [])):
        for kind in round_:
            for layer in range(len(round_[kind])):
                name = f"compress_round{number}_layer{layer}_{kind}"
                columns[name] = [one.extras["rounds"][number][kind][layer] for one in expected]
    return {name: np.stack(values).astype(np.float32) for name, values in columns.items()}


def read(path: Path) -> dict[str, Array]:
    """The arrays of a golden file."""
    with np.load(path) as file:
        return dict(file)


def run_of(golden: dict[str, Array], directory: Path) -> Path:
    """A run directory in the users' layout with the checkpoint that a golden file holds."""
    weights = {
        name.removeprefix("weights/"): torch.from_numpy(values)
        for name, values in golden.items()
        if name.startswith("weights/")
    }
    save_checkpoint(directory / "ckpt-7.pt", weights, json.loads(str(golden["config"])))
    return directory


def main(directory: Path = DATA) -> None:
    """Write every golden file."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, golden in FILES.items():
        content: dict[str, Any] = arrays(golden)
        np.savez_compressed(directory / f"{name}.npz", **content)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
