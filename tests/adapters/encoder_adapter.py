"""The encoder family by torch's own layers."""

from __future__ import annotations

from typing import Any

import torch
from checkpoints import ACTIONS, GRID, ReferenceEncoder
from torch import Tensor, nn

import adtui


class Encoder(adtui.Adapter):
    def build(self, checkpoint: Any) -> nn.Module:
        weights, config = checkpoint.state_dict(), checkpoint.config
        _, n_transit, d_model = weights["pos_embedding"].shape
        norm = "pre" if "transformer_encoder.norm.weight" in weights else "post"
        sizes = {"d_model": d_model, "n_layer": 2, "n_head": config["tf_n_head"], "n_transit": n_transit}
        module = ReferenceEncoder(norm=norm, **sizes)
        module.load_state_dict(checkpoint.state_dict(module))
        return module.eval()

    def batch(self, contexts: Any) -> Any:
        chosen = nn.functional.one_hot(contexts.actions, ACTIONS)
        parts = [contexts.states, chosen, contexts.rewards[..., None], contexts.next_states]
        return torch.cat(parts, dim=-1).float(), contexts.query_states

    def logits(self, module: Any, batch: Any) -> Tensor:
        features, query = batch
        cells = module.embed_query_state(query[:, 0] * GRID + query[:, 1])
        x = torch.cat([module.embed_context(features), cells[:, None]], dim=1)
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1])
        hidden = module.transformer_encoder(x + module.pos_embedding[:, : x.shape[1]], mask=mask)
        logits: Tensor = module.pred_action(hidden[:, -1])
        return logits
