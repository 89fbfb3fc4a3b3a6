"""What tells one model's weights from another's."""

from __future__ import annotations

import hashlib

from .model import Model


def weights_mark(model: Model) -> str:
    """16 hex digits of the weights and of how they were opened: heads and mask."""
    digest = hashlib.sha256(repr((model.family, model.n_layer, model.n_head, model.causal)).encode())
    for name, tensor in sorted(model.network.state_dict().items()):
        values = tensor.detach().cpu().contiguous().numpy()
        digest.update(repr((name, values.shape, str(values.dtype))).encode())
        digest.update(values.tobytes())
    return digest.hexdigest()[:16]
