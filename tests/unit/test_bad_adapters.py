"""Mistakes in an adapter are one line each, with where they are."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from checkpoints import make_run

import adtui
from adtui.files.checkpoint import Checkpoint, load_checkpoint
from adtui.models.adapted import AdaptedNetwork
from adtui.models.loading import load_model
from adtui.models.model import Model
from adtui.records.errors import AdapterError, AdtuiError, CheckpointError, ConfigError, ModelError

PLAIN = (Path(__file__).parents[1] / "adapters" / "plain_adapter.py").read_text(encoding="utf-8")
SDPA = "return scaled_dot_product_attention(q, k, v, is_causal=True)"


@pytest.fixture(autouse=True)
def forget_imports(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Where an adapter's imports are looked for is for good in the program, not in the tests."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    with torch.random.fork_rng(devices=[]):
        yield


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    return load_checkpoint(next(make_run(tmp_path_factory.mktemp("run")).glob("*.pt")))


def opened(checkpoint: Checkpoint, path: Path, text: str) -> Model:
    path.write_text(text)
    return load_model(checkpoint, device="cpu", adapter=path)


def changed(old: str, new: str) -> str:
    """PLAIN with one text in the place of another."""
    assert old in PLAIN
    return PLAIN.replace(old, new)


def attending(*lines: str) -> str:
    """PLAIN with another attention."""
    return changed(SDPA, "\n        ".join(lines))


def and_method(head: str, gives: str) -> str:
    """PLAIN with a method more."""
    return f"{PLAIN}\n    def {head}:\n        return {gives}\n"


def test_the_plain_one_opens(checkpoint: Checkpoint, tmp_path: Path) -> None:
    model = opened(checkpoint, tmp_path / "mine.py", PLAIN)
    assert (model.n_layer, model.n_head, model.d_model, model.n_actions, model.causal) == (1, 2, 8, 5, True)
    assert model.description == "adapted · Mine of mine.py · causal"
    assert model.n_context_max == 19  # the config's n_transit less the query
    assert isinstance(model.network, AdaptedNetwork)
    assert isinstance(model.network.file.adapter, adtui.Adapter)


HALF = "import adtui\nclass Mine(adtui.Adapter):\n    def build(self, c): ...\n"
FOLDED = SDPA.replace("q, k, v,", "*(x.flatten(0, 1)[None] for x in (q, k, v)),") + ".view_as(v)"
GROWING = ("for _ in range(q.shape[2] // 2):", f"    {SDPA.replace('return', 'y =')}", "return y")
NUMBER = r"the same attention over all tokens for every length of contexts \(3 times\), found 2 times over 4 tokens"
READ = "read at token 1, found logits that hang on the last layer at token 5 alone, of 6"
ACT, BUILD, GIVE = "self.act(x[:, -1])", "return Net()", "return module(*batch)"
#: What is wrong → (the file, what its one line has to say).
WRONG: dict[str, tuple[str, str]] = {
    "syntax": ("import adtui\nclass Mine(adtui.Adapter:\n", r"mine\.py, line 2: .*SyntaxError"),
    "import": ("import adtui\nimport no_such_module_here\n", r"mine\.py, line 2: .*No module named 'no_such"),
    "exit": ("import sys\nsys.exit('enough')\n", r"mine\.py, line 2: .*SystemExit: enough"),
    "no adapter": ("from adtui import Adapter\n", r"expected one subclass of adtui\.Adapter in it, found none"),
    "two": (PLAIN + "\n\nclass Other(Mine):\n    pass\n", "found 2: Mine and Other"),
    "half": (HALF, "found no batch and no logits"),
    "init": (and_method("__init__(self, x)", "None"), r"Mine\.__init__: .*TypeError"),
    "build": (changed(BUILD, "return {}"), r"Mine\.build: expected a torch\.nn\.Module, found a dict"),
    "no weights": (changed(BUILD, "return nn.Identity()"), "expected a module with weights"),
    "build fails": (changed(BUILD, "return Net().load_state_dict({})"), r"build, line \d+: .*Missing key"),
    "batch fails": (changed("contexts.states, a", "contexts.state, a"), r"batch, line \d+: .*AttributeError"),
    "in the model": (changed(ACT, "1 / 0"), r"Mine\.logits, line 22: .*ZeroDivisionError"),
    "shape": (changed(ACT, "self.act(x)"), r"\(1, actions\), found a tensor of shape \(1, 6, 5\)"),
    "no tensor": (changed(GIVE, "return 3"), r"Mine\.logits: .* found a int"),
    "not finite": (changed(GIVE, f"{GIVE} / 0"), "finite numbers"),
    "no attention": (attending("return v"), "or a softmax whose weights multiply values, found none"),
    "no values": (attending("(q @ k.mT).softmax(-1)", "return v"), "weights meet no values"),
    "folded": (attending(FOLDED), r"found attention of queries shaped \(1, 4, 6, 4\)"),
    "tokens": (and_method("tokens(self, n)", "[('query', n)] * 3"), "over 3 tokens, as .*found 6 tokens"),
    "kind": (and_method("tokens(self, n)", "[('word', n)]"), "expected one of transition, state.*'word'"),
    "pairs": (and_method("tokens(self, n)", "['query']"), "expected pairs such as .* found 'query'"),
    "owner": (and_method("tokens(self, n)", "[('query', 99)]"), "a transition from 0 to 5, or None, found 99"),
    "no query": (and_method("tokens(self, n)", "[('state', 0)]"), "a token of the query, transition 5"),
    "read": (and_method("read(self, n)", "77"), r"Mine\.read: expected a token from 0 to 5, found 77"),
    "read elsewhere": (and_method("read(self, n)", "1"), READ),
    "rounds": (and_method("rounds(self, n)", "[[('state', 0)]]"), r"Mine\.rounds: .* 0 latents, .* found none"),
    "longest": (and_method("longest(self, c)", "0"), "a number of transitions from 1, found 0"),
    "length": (and_method("longest(self, c)", "None"), "let Mine say it: def longest"),
    "batch mixes": (changed(ACT, "self.act(x[:, -1] + x.mean())"), "do not hang on the others in its batch"),
    "dropout": (changed("l=True", "l=True, dropout_p=0.5"), "in its batch|with and without capture"),
    "rows": (attending("return ((q @ k.mT).softmax(-1) * 0.5) @ v"), "rows of attention that sum to 1"),
    "lengths": (attending(*GROWING), NUMBER),
}


@pytest.mark.parametrize("name", WRONG)
def test_mistakes_are_one_line_with_their_place(checkpoint: Checkpoint, tmp_path: Path, name: str) -> None:
    text, words = WRONG[name]
    with pytest.raises(AdtuiError, match=words) as found:
        opened(checkpoint, tmp_path / "mine.py", text)
    assert isinstance(found.value, AdapterError | ModelError)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize(("path", "words"), [("none.py", "found nothing"), (".", "found a directory")])
def test_no_file(checkpoint: Checkpoint, tmp_path: Path, path: str, words: str) -> None:
    with pytest.raises(AdapterError, match=words):
        load_model(checkpoint, device="cpu", adapter=tmp_path / path)


def test_an_error_of_adtuis_own_stays_what_it_is(checkpoint: Checkpoint, tmp_path: Path) -> None:
    text = changed(BUILD, "return checkpoint.state_dict(Net())")
    with pytest.raises(CheckpointError, match=r"weights with the module's names, found none of tokens\.weight"):
        opened(checkpoint, tmp_path / "mine.py", text)


@pytest.mark.parametrize("option", [{"heads": 2}, {"causal": False}])
def test_heads_and_mask_are_those_of_the_code(checkpoint: Checkpoint, tmp_path: Path, option: dict[str, Any]) -> None:
    (tmp_path / "mine.py").write_text(PLAIN)
    with pytest.raises(ConfigError, match="neither --heads nor --causal beside --adapter"):
        load_model(checkpoint, device="cpu", adapter=tmp_path / "mine.py", **option)


def test_several_tokens_that_are_read_are_said(checkpoint: Checkpoint, tmp_path: Path) -> None:
    model = opened(checkpoint, tmp_path / "mine.py", changed(ACT, "self.act(x.mean(1))"))
    assert "the logits are read at several tokens; the query row is that of token 5 of 6" in model.notes


def test_a_fault_in_other_code_of_the_users_is_found_there(checkpoint: Checkpoint, tmp_path: Path) -> None:
    own, rest = PLAIN.replace(ACT, "1 / 0").split("class Mine")
    (tmp_path / "faulty_net.py").write_text(own)
    imports = "from faulty_net import *\nimport adtui, torch\nfrom torch.nn.functional import one_hot\n"
    words = r"mine\.py, Mine\.logits, line \d+: .*ZeroDivisionError: division by zero \(faulty_net\.py, line 22\)"
    with pytest.raises(AdapterError, match=words):
        opened(checkpoint, tmp_path / "mine.py", f"{imports}class Mine{rest}")


def test_half_precision_is_widened_and_said(checkpoint: Checkpoint, tmp_path: Path) -> None:
    model = opened(checkpoint, tmp_path / "mine.py", changed(BUILD, "return Net().bfloat16()"))
    assert "the weights are run in float32, as all are here" in model.notes


def test_it_may_import_what_lies_beside_it(checkpoint: Checkpoint, tmp_path: Path) -> None:
    own, rest = PLAIN.split("class Mine")
    (tmp_path / "net_beside_it.py").write_text(own)
    imports = "from net_beside_it import *\nimport adtui, torch\nfrom torch.nn.functional import one_hot\n"
    text = f"{imports}class Mine{rest}"
    assert opened(checkpoint, tmp_path / "mine.py", text).n_layer == 1
