"""Peak memory of capture over that of the plain pass: a fresh process for each, its peak resident size.

    python benchmarks/memory.py [--tokens 16384] [--layers 4] [--heads 4] [--width 64]

Target: the statistics at most 32 MB over the floor at 16384 tokens. Views need the queries and keys of every layer,
which `capture` keeps: layers × tokens × width × 8 bytes more.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys

import torch
from capture import Size, random_model, random_sample

from adtui.attention.capture import capture, measure, query_row

VARIANTS = ("floor", "query row", "statistics", "capture")
TARGET_MB = 32


def peak_mb(variant: str, size: Size, n_tokens: int) -> float:
    """This process's peak resident size in MB (10⁶ bytes) after running the variant once."""
    model, sample = random_model(size, n_tokens, 1.0), random_sample(n_tokens)
    with torch.inference_mode():
        model.logits([random_sample(64)])  # threads and kernels are loaded before, in all variants alike
        if variant == "floor":
            model.logits([sample])
        else:
            {"query row": query_row, "statistics": measure, "capture": capture}[variant](model, sample)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def main() -> int:
    parser = argparse.ArgumentParser(description="peak memory of capture over the plain pass")
    parser.add_argument("--tokens", type=int, default=16384)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--variant", choices=VARIANTS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    size = Size(args.layers, args.heads, args.width, 0.0)
    if args.variant is not None:
        print(peak_mb(args.variant, size, args.tokens))
        return 0
    floor = 0.0
    print(f"{size}, {args.tokens} tokens; target: statistics at most {TARGET_MB} MB over the floor")
    for variant in VARIANTS:
        command = [sys.executable, __file__, *sys.argv[1:], "--variant", variant]
        found = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        floor = floor or found
        print(f"{variant:<10} {found:8.1f} MB  {found - floor:+7.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
