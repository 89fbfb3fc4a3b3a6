"""The gpt2 family by transformers' GPT-2, with its attention by the formula."""

from __future__ import annotations

from typing import Any

import torch
from references.gpt2 import ReferenceGPT2, backbone_sizes
from torch import Tensor, nn

import adtui


class GPT2(adtui.Adapter):
    def build(self, checkpoint: Any) -> nn.Module:
        weights = checkpoint.state_dict()
        module = ReferenceGPT2(**backbone_sizes(weights, checkpoint.config))
        module.load_state_dict(weights)
        return module

    def batch(self, contexts: Any) -> Any:
        return contexts

    def logits(self, module: Any, batch: Any) -> Tensor:
        tokens = torch.stack([self.of_one(module, *(part[i] for part in batch.parts)) for i in range(batch.count)])
        hidden = module.transformer_model(inputs_embeds=tokens, use_cache=False).last_hidden_state
        logits: Tensor = module.pred_action(hidden[:, -1])
        return logits

    def of_one(self, module: Any, states: Any, actions: Any, rewards: Any, _: Any, query: Any) -> Tensor:
        known = module.transition_tokens(states.numpy(), actions.numpy(), rewards.numpy())
        return torch.cat([known, module.query_token(query.numpy())])

    def tokens(self, n_transitions: int) -> Any:
        kinds = ("state", "action", "reward")
        return [*((kind, t) for t in range(n_transitions) for kind in kinds), ("query", n_transitions)]
