"""The rad family: rounds of a compressor, one context after another, then GPT-2 over what is left."""

from __future__ import annotations

from typing import Any

import torch
from references.rad import compress, load
from torch import Tensor, nn

import adtui

KINDS = ("state", "action", "reward")


class RAD(adtui.Adapter):
    def build(self, checkpoint: Any) -> nn.Module:
        self.config = checkpoint.config
        weights = {name: tensor.double() for name, tensor in checkpoint.state_dict().items()}
        return load(weights, self.config).float()

    def longest(self, checkpoint: Any) -> int:
        return 60

    def batch(self, contexts: Any) -> Any:
        return contexts

    def logits(self, module: Any, batch: Any) -> Tensor:
        x = torch.stack([self.of_one(module, *(part[i] for part in batch.parts)) for i in range(batch.count)])
        hidden = module.transformer_model(inputs_embeds=x, use_cache=False).last_hidden_state
        logits: Tensor = module.pred_action(hidden[:, -1])
        return logits

    def of_one(self, module: Any, states: Any, actions: Any, rewards: Any, _: Any, query: Any) -> Tensor:
        tokens = module.transition_tokens(states.numpy(), actions.numpy(), rewards.numpy())
        latents, left, _ = compress(module, tokens, self.config["max_compressions"])
        before = [] if latents is None else [latents + module.latent_type_embedding[0]]
        return torch.cat([*before, left, module.query_token(query.numpy())])

    def tokens(self, n_transitions: int) -> Any:
        taken = self.taken(n_transitions)
        first = taken[-1][1] if taken else 0
        before = self.config["n_compress_tokens"] if taken else 0
        shown = [(kind, t) for t in range(first, n_transitions) for kind in KINDS]
        return [*[("latent", None)] * before, *shown, ("query", n_transitions)]

    def rounds(self, n_transitions: int) -> Any:
        latents = self.config["n_compress_tokens"]
        return [
            [*[("latent", None)] * (latents if number else 0), *((kind, t) for t in range(*one) for kind in KINDS)]
            for number, one in enumerate(self.taken(n_transitions))
        ]

    def taken(self, n_transitions: int) -> list[tuple[int, int]]:
        """The first transition of each round, and the first of what follows."""
        window, latents = self.config["rad_max_seq_length"], self.config["n_compress_tokens"]
        found: list[tuple[int, int]] = []
        first = 0
        while 3 * (n_transitions - first) > (room := window - 1 - (latents if found else 0)):
            found.append((first, first + room // 3))
            first += room // 3
        return found
