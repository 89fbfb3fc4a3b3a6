"""Whether a context is one that a network can be run on; whoever does not ask reads past the end of an embedding."""

from __future__ import annotations

import numpy as np

from ..records.errors import ModelError
from ..records.sample import Sample
from .network import Network

_OTHERS = "use histories of the environment that the model was trained on"


def check_fits(network: Network, sample: Sample) -> None:
    """Raise ModelError where the context is too long, or of states or actions that the network does not know."""
    if sample.n_context > network.n_context_max:
        raise ModelError(
            sample.label,
            expected=f"at most {network.n_context_max} transitions",
            found=str(sample.n_context),
            action=f"use --context {network.n_context_max} or less",
        )
    (_check_vectors if network.head.continuous or sample.continuous else _check_cells)(network, sample)


def _check_cells(network: Network, sample: Sample) -> None:
    cells = np.concatenate([sample.states.ravel(), sample.query_state.ravel()])
    if cells.min() < 0 or (network.grid_told and cells.max() >= network.grid_size):
        raise ModelError(
            sample.label,
            expected=f"cells from 0 to {network.grid_size - 1}",
            found=f"cells from {cells.min()} to {cells.max()}",
            action=_OTHERS,
        )
    if sample.n_context and not 0 <= sample.actions.min() <= sample.actions.max() < network.n_actions:
        raise ModelError(
            sample.label,
            expected=f"actions from 0 to {network.n_actions - 1}",
            found=f"actions from {sample.actions.min()} to {sample.actions.max()}",
            action=_OTHERS,
        )


def _check_vectors(network: Network, sample: Sample) -> None:
    own, given = network.head.continuous, sample.continuous
    sizes = (sample.query_state.shape[0], sample.actions.shape[1] if given else 0)
    wanted = (network.vector_size, network.head.size)
    if own and given and sizes == wanted:
        return
    raise ModelError(
        sample.label,
        expected=_words(*wanted) if own else "cells and single actions",
        found=_words(*sizes) if given else "cells and single actions",
        action=_OTHERS,
    )


def _words(state: int, action: int) -> str:
    return f"states of {state} numbers and actions of {action}"
