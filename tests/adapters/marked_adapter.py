"""The encoder with compressed context: batches of transitions between marks."""

from __future__ import annotations

from typing import Any

import torch
from checkpoints import ACTIONS, GRID
from references.marked import ReferenceMarked, _lay_out
from torch import Tensor, nn

import adtui


class Marked(adtui.Adapter):
    def build(self, checkpoint: Any) -> nn.Module:
        self.config = checkpoint.config
        weights = checkpoint.state_dict()
        _, n_transit, d_model = weights["pos_embedding"].shape
        module = ReferenceMarked(
            d_model=d_model, n_layer=2, n_head=self.config["tf_n_head"], n_transit=n_transit
        )  # fmt: skip
        module.load_state_dict(weights)
        return module.eval()

    def longest(self, checkpoint: Any) -> int:
        return 2 * int(checkpoint.config["compress_interval"]) - 1

    def batch(self, contexts: Any) -> Any:
        chosen = nn.functional.one_hot(contexts.actions, ACTIONS)
        parts = [contexts.states, chosen, contexts.rewards[..., None], contexts.next_states]
        return torch.cat(parts, dim=-1).float(), contexts.query_states

    def logits(self, module: Any, batch: Any) -> Tensor:
        features, query = batch
        transitions = module.embed_context(features)
        cells = module.embed_query_state(query[:, 0] * GRID + query[:, 1])
        weights = dict(module.named_parameters())
        x = torch.stack([_lay_out(weights, self.config, a, b[None]) for a, b in zip(transitions, cells, strict=True)])
        N = x.shape[1]
        hidden = module.transformer_encoder(
            x + module.pos_embedding[:, :N], mask=torch.ones(N, N, dtype=torch.bool).triu(1)
        )
        logits: Tensor = module.pred_action(hidden[:, -1])
        return logits

    def tokens(self, n_transitions: int) -> Any:
        interval = self.config["compress_interval"]
        done = [*(("transition", t) for t in range(interval))] if n_transitions >= interval else []
        now = [("transition", t) for t in range(len(done), n_transitions)]
        marks = [("<c>", None), *done, ("</c>", None)] if done else []
        return [*marks, ("<c>", None), *now, ("query", n_transitions)]
