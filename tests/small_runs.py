"""A small run of every family, for the laws that all of them keep."""

from __future__ import annotations

from typing import Any

from checkpoints import make_run
from references import ad_eps, compressed_ad, dpt, flow, gpt2, gpt2_blocks, llama, marked, rad

#: Name → (what makes a run in a directory, with which options). `compressed AD` compresses contexts of eight
#: transitions and more.
MAKERS: dict[str, Any] = {
    "encoder": (make_run, {}),
    "llama": (llama.make_run, {}),
    "llama dynamics": (llama.make_run, {"dynamics": True}),
    "DPT": (llama.make_run, {"model": "DPT"}),
    "gpt2": (gpt2.make_run, {}),
    "rad": (rad.make_run, {}),
    "marked": (marked.make_run, {}),
    "gpt2 blocks": (gpt2_blocks.make_run, {}),
    "compressed AD": (compressed_ad.make_run, {"n_transit": 8}),
    "flow": (flow.make_run, {}),
    "ad-eps": (ad_eps.make_run, {}),
    "dpt": (dpt.make_run, {}),
}
