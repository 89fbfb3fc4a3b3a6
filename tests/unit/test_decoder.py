"""The decoder against torch's own encoder layer, and its masks."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from adtui.models.attend import weight_blocks
from adtui.models.decoder import Decoder, DecoderShape
from adtui.models.families.encoder import Encoder, file_shapes, from_file, to_file


def reference(shape: DecoderShape, seed: int = 0) -> nn.TransformerEncoder:
    """torch's own encoder with random weights, biases and norms included."""
    torch.manual_seed(seed)
    layer = nn.TransformerEncoderLayer(
        shape.d_model, shape.n_head, shape.d_ff, 0.0, "gelu", batch_first=True, norm_first=shape.pre_norm
    )
    final = nn.LayerNorm(shape.d_model) if shape.pre_norm else None
    encoder = nn.TransformerEncoder(layer, shape.n_layer, norm=final, enable_nested_tensor=False)
    for p in encoder.parameters():
        nn.init.normal_(p, std=0.3)
    return encoder.eval()


def ours(shape: DecoderShape, weights: nn.Module) -> Decoder:
    decoder = Decoder(shape)
    renamed = {
        from_file(f"transformer_encoder.{k}").removeprefix("decoder."): v for k, v in weights.state_dict().items()
    }
    decoder.load_state_dict(renamed)
    return decoder.eval()


@pytest.mark.parametrize("pre_norm", [False, True])
@pytest.mark.parametrize("n_head", [1, 4])
@pytest.mark.parametrize("causal", [False, True])
def test_equals_torchs_encoder(pre_norm: bool, n_head: int, causal: bool) -> None:
    shape = DecoderShape(16, 3, n_head, 24, pre_norm)
    theirs = reference(shape)
    x = torch.randn(2, 9, 16)
    mask = nn.Transformer.generate_square_subsequent_mask(9) if causal else None
    with torch.no_grad():
        torch.testing.assert_close(ours(shape, theirs)(x, causal=causal), theirs(x, mask=mask), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("block", [1, 3, 7, 64])
@pytest.mark.parametrize("causal", [False, True])
def test_blocks_of_any_size_give_the_same_weights(block: int, causal: bool) -> None:
    torch.manual_seed(1)
    q, k = torch.randn(2, 4, 10, 8), torch.randn(2, 4, 10, 8)
    whole = torch.zeros(2, 4, 10, 10)
    for start, w in weight_blocks(q, k, mask=None, causal=causal, block=block):
        whole[..., start : start + w.shape[-2], : w.shape[-1]] = w
    scores = q @ k.transpose(-2, -1) / 8**0.5
    if causal:
        scores = scores.masked_fill(torch.ones(10, 10).triu(1).bool(), float("-inf"))
    torch.testing.assert_close(whole, scores.softmax(-1))


def test_parallel_queries_equal_the_one_query_layout_at_every_prefix() -> None:
    torch.manual_seed(2)
    network = Encoder(DecoderShape(16, 2, 2, 32, pre_norm=True), n_transit=12, grid_size=5, n_actions=5).eval()
    states, next_states = torch.randint(0, 5, (3, 12, 2)), torch.randint(0, 5, (3, 12, 2))
    actions, rewards = torch.randint(0, 5, (3, 12)), torch.randint(0, 2, (3, 12)).float()
    with torch.no_grad():
        together = network.parallel_logits(states, actions, rewards, next_states)
        for t in range(12):
            alone = network(states[:, :t], actions[:, :t], rewards[:, :t], next_states[:, :t], states[:, t])
            torch.testing.assert_close(together[:, t], alone, atol=1e-5, rtol=1e-5)


def test_names_in_files_and_here_map_one_to_one() -> None:
    network = Encoder(DecoderShape(8, 2, 2, 16, pre_norm=True), n_transit=4, grid_size=3, n_actions=5)
    names = list(network.state_dict())
    assert [from_file(to_file(name)) for name in names] == names
    assert "transformer_encoder.layers.1.self_attn.in_proj_weight" in network.to_state_dict()
    assert "transformer_encoder.norm.weight" in network.to_state_dict()


@pytest.mark.parametrize("pre_norm", [False, True])
def test_expected_shapes_are_those_of_the_network(pre_norm: bool) -> None:
    shape = DecoderShape(8, 3, 2, 20, pre_norm)
    network = Encoder(shape, n_transit=6, grid_size=3, n_actions=4)
    assert file_shapes(shape, 6, 9, 4) == {name: tuple(t.shape) for name, t in network.to_state_dict().items()}


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("n_tokens", [1, 2, 33, 40, 65, 200])
def test_a_token_that_is_read_is_what_it_is_among_all(masked: bool, n_tokens: int) -> None:
    """Of a large batch the last layer is computed for few tokens, of a small one for all."""
    shape = DecoderShape(16, 2, 2, 24, True)
    decoder = ours(shape, reference(shape))
    x = torch.randn(4, n_tokens, 16, generator=torch.Generator().manual_seed(1))
    mask = torch.ones(n_tokens, n_tokens, dtype=torch.bool).tril(2) if masked else None
    for causal in (True, False):
        for read in {0, n_tokens // 2, n_tokens - 1}:
            with torch.inference_mode():
                every = decoder(x, causal=causal, mask=mask)[:, read]
                torch.testing.assert_close(decoder(x, causal=causal, mask=mask, read=read), every)
