"""The numbers that probes and paths are decided by, and why these."""

from __future__ import annotations

from ..insights.thresholds import Threshold

PROBES = {
    "false discoveries": Threshold(
        0.05,
        "Share of the confirmed that may be false on average (Benjamini and Hochberg 1995): over all layers and "
        "targets of the probes, and apart from them over all edges of the graph.",
    ),
    "shuffles": Threshold(
        999,
        "Exchanges of labels between tasks beside the true ones, so that p is 0.001 at least: with twenty tests one "
        "alone could still be confirmed, at 0.0025.",
    ),
    "folds": Threshold(
        5, "Parts that the tasks are dealt to. The strength of the penalty is chosen within the four others."
    ),
    "tasks": Threshold(
        15, "Fewest tasks for a probe: three in every fold. A label of two values must be of either in as many."
    ),
    "gain": Threshold(
        0.05,
        "Share of the label's variance that a layer must tell beyond the query's cell, the age of the context and the "
        "query's embedding. A correlation of 0.22; with less the errors of a read-out shrink by less than 3 %.",
    ),
    "path contexts": Threshold(
        96, "Contexts with a reward in them that paths are patched in, at most, the tasks in turn."
    ),
    "path tasks": Threshold(
        8,
        "Fewest tasks for an edge: with seven even the most one-sided of all assignments of signs has p = 0.016, which "
        "no correction for as many edges as a small model has would leave.",
    ),
    "path KL": Threshold(
        0.005,
        "Nats: mean KL of the action distributions without and with the path patched; below it no action's probability "
        "need have moved by more than 5 % (Pinsker's inequality). The same line as for knock-outs.",
    ),
    "path share": Threshold(
        0.05,
        "Of the way that the logits go where all rewards are off: an edge carries as much. One in twenty, as for "
        "changed actions.",
    ),
}
