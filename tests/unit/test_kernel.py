"""The compiled kernel against the explicit matrix in float64; how it is built, found, and done without."""

from __future__ import annotations

import ctypes
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from checkpoints import reference, save_checkpoint
from hypothesis import given, settings
from hypothesis import strategies as st
from test_attend import explicit
from test_attention import random_sample

from adtui.attention.capture import measure
from adtui.cli.diagnosis import kernel as diagnosed
from adtui.files.checkpoint import load_checkpoint
from adtui.files.compiled import KERNEL, BuildError, build, compiler, cpu_features, library, load
from adtui.models import kernel as module
from adtui.models.attend import Wants, attend, measured, portable
from adtui.models.kernel import Kernel, build_kernel, compare, from_library
from adtui.models.loading import load_model
from adtui.models.recorders import KeysAndValues

needs_compiler = pytest.mark.skipif(compiler() is None, reason="no C++ compiler is here")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment whose cache holds the kernel, compiled once for this file; only its compilation is slow."""
    environ = {"XDG_CACHE_HOME": str(tmp_path_factory.mktemp("cache")), "PATH": os.environ["PATH"]}
    build(KERNEL, lambda path: compare(from_library(ctypes.CDLL(str(path)))), environ)
    return environ


@pytest.fixture(scope="module")
def made(cache: dict[str, str]) -> Kernel:
    loaded, _ = load(KERNEL, cache)
    assert loaded is not None
    return from_library(loaded)


def heads(n: int, width: int, groups: int, spread: float, seed: int = 0) -> list[torch.Tensor]:
    """q of 4 heads and k, v of `groups`, (2, ·, n, width), as a fused projection leaves them: not contiguous."""
    generator = torch.Generator().manual_seed(seed)
    sizes, d = (4, groups, groups), width
    fused = torch.randn(2, n, sum(sizes) * d, generator=generator)
    parts = torch.split(fused, [size * d for size in sizes], -1)
    q, k, v = (part.reshape(2, n, -1, d).transpose(1, 2) for part in parts)
    return [q * spread, k * spread, v]


@needs_compiler
@settings(max_examples=60, deadline=None)
@given(
    n=st.sampled_from([1, 2, 7, 8, 9, 127, 128, 129, 200]),
    width=st.sampled_from([1, 4, 8, 16, 24, 33, 64]),
    groups=st.sampled_from([1, 2, 4]),
    spread=st.sampled_from([0.0, 0.01, 1.0, 2.0, 4.0, 10.0, 100.0]),
    causal=st.booleans(),
)
def test_the_kernel_gives_the_whole_matrix_sums(
    made: Kernel, n: int, width: int, groups: int, spread: float, causal: bool
) -> None:
    q, k, v = heads(n, width, groups, spread)
    out, received, entropy = made.measure(q, k, v, causal, True)
    shown = torch.ones(n, n, dtype=torch.bool)
    many = 4 // groups
    whole = [x.repeat_interleave(many, 1) for x in (k, v)]
    wanted = explicit(q, whole[0], whole[1], shown.tril() if causal else shown)
    size = float(q.norm(dim=-1).max() * k.norm(dim=-1).max()) * width**-0.5
    tolerance = 1e-5 + 4e-7 * size  # as in test_attend: scores of size s are off by about s ulps
    torch.testing.assert_close(out.double(), wanted[0], rtol=tolerance, atol=tolerance)
    torch.testing.assert_close(received, wanted[1], rtol=tolerance, atol=1e-6)
    torch.testing.assert_close(entropy, wanted[2], rtol=tolerance, atol=1e-9)  # nothing cancels in it
    assert (entropy >= 0).all()


@needs_compiler
def test_threads_and_a_missing_output_change_nothing(made: Kernel) -> None:
    q, k, v = heads(700, 8, 2, 1.0)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        out, received, entropy = made.measure(q, k, v, True, True)
        for threads in (2, 3, 12):
            torch.set_num_threads(threads)
            other = made.measure(q, k, v, True, True)
            assert torch.equal(other[0], out)
            torch.testing.assert_close(other[1], received, rtol=1e-13, atol=0)
            assert torch.equal(other[2], entropy)
    finally:
        torch.set_num_threads(before)
    none, *sums = made.measure(q, k, v, True, False)
    assert none.shape == (2, 4, 0, 8)
    torch.testing.assert_close(sums, [received, entropy], rtol=1e-13, atol=0)


@needs_compiler
def test_what_is_no_number_is_not_hidden(made: Kernel) -> None:
    q, k, v = heads(40, 8, 4, 1.0)
    q = q.clone()
    q[0, 0, 20] = float("nan")
    out, received, entropy = made.measure(q, k, v, True, True)
    assert entropy[0, 0, 20].isnan()
    assert out[0, 0, 20].isnan().all()
    assert received[0, 0, :21].isnan().all()
    assert not entropy[0, 1].isnan().any()


@needs_compiler
@pytest.mark.parametrize("kernel_there", [True, False])
@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
def test_sums_of_16_bit_inputs_keep_float32_digits(
    made: Kernel, monkeypatch: pytest.MonkeyPatch, kind: torch.dtype, kernel_there: bool
) -> None:
    monkeypatch.setattr(module, "kernel", lambda: made if kernel_there else None)
    q, k, v = (part.to(kind) for part in heads(150, 16, 2, 0.7))
    out, received, entropy = measured(q, k, v)
    whole = [x.repeat_interleave(2, 1) for x in (k, v)]
    expected = explicit(q, whole[0], whole[1], torch.ones(150, 150).tril().bool())
    assert out.dtype == kind
    torch.testing.assert_close(received, expected[1], rtol=1e-6, atol=0)
    torch.testing.assert_close(entropy, expected[2], rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("causal", [True, False])
def test_the_output_of_one_token_is_that_of_all(causal: bool) -> None:
    q, k, v = heads(50, 8, 4, 1.0)

    class Sums(KeysAndValues):
        wants: Wants = "sums"

    recorder = Sums()
    whole = attend(q, k, v, mask=None, causal=causal, layer=0, recorder=recorder)
    one = attend(q, k, v, mask=None, causal=causal, layer=0, recorder=recorder, read=30)
    torch.testing.assert_close(one, whole[:, :, 30:31])


@needs_compiler
def test_a_library_that_others_could_have_written_is_not_loaded(cache: dict[str, str], tmp_path: Path) -> None:
    environ = {"XDG_CACHE_HOME": str(tmp_path)}
    built, other = library(KERNEL, cache), library(KERNEL, environ)
    assert built is not None
    assert other is not None
    other.parent.mkdir(parents=True, mode=0o700)
    other.write_bytes(built.read_bytes())
    other.chmod(0o722)
    loaded, why = load(KERNEL, environ)
    assert loaded is None
    assert "others could have written it" in why
    other.chmod(0o700)
    other.write_bytes(b"\x7fELF and no more")
    loaded, why = load(KERNEL, environ)
    assert loaded is None
    assert "cannot be loaded" in why


def test_without_a_compiler_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(BuildError, match="expected a C"):
        build_kernel()
    finding = diagnosed(os.environ)
    assert "no C++ compiler" in finding.found
    assert not finding.advice


@pytest.mark.parametrize(
    ("script", "said"), [("exit 1", "exit code 1"), ("echo 'x.cpp:1: error: no' >&2; exit 1", "error: no")]
)
def test_a_compiler_that_fails_leaves_nothing(tmp_path: Path, script: str, said: str) -> None:
    broken = tmp_path / "c++"
    broken.write_text(f"#!/bin/sh\n{script}\n")
    broken.chmod(0o755)
    environ = {"CXX": str(broken), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    with pytest.raises(BuildError, match=said):
        build(KERNEL, lambda _: None, environ)
    assert not list((tmp_path / "cache" / "adtui" / "kernels").iterdir())


def test_a_library_that_is_wrong_is_not_kept(tmp_path: Path) -> None:
    compiles = tmp_path / "c++"
    compiles.write_text('#!/bin/sh\nfor last; do :; done\necho no library > "$last"\n')
    compiles.chmod(0o755)
    environ = {"CXX": str(compiles), "XDG_CACHE_HOME": str(tmp_path / "cache"), "PATH": os.environ["PATH"]}
    with pytest.raises(BuildError, match="output off by 1"):
        build(KERNEL, lambda _: "output off by 1", environ)
    assert not list((tmp_path / "cache" / "adtui" / "kernels").iterdir())


def test_a_cache_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="XDG_CACHE_HOME"):
        build(KERNEL, lambda _: None, {"XDG_CACHE_HOME": os.devnull, "PATH": os.environ["PATH"], "CXX": "/bin/true"})


def test_another_cpu_has_a_library_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = tmp_path / "cpuinfo"
    told.write_text("processor : 0\nflags\t: sse avx2\nbogomips : 1\n\nprocessor : 1\nflags\t: other\n")
    assert cpu_features(told) == "sse avx2"
    environ = {"HOME": str(tmp_path)}
    here = library(KERNEL, environ)
    monkeypatch.setattr("adtui.files.compiled.cpu_features", lambda: "sse")
    assert library(KERNEL, environ) != here


def test_the_kernel_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADTUI_KERNEL", "off")
    module.kernel.cache_clear()
    assert module.kernel() is None
    module.kernel.cache_clear()
    assert diagnosed(os.environ).advice == "unset ADTUI_KERNEL"


def test_what_the_kernel_cannot_do_is_done_by_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise AssertionError("called")

    monkeypatch.setattr(module, "kernel", lambda: Kernel(refuse))
    q, k, v = heads(20, 8, 4, 1.0)
    mask = torch.ones(20, 20, dtype=torch.bool).tril()
    for one, other in zip(measured(q, k, v, mask=mask), portable(q, k, v, mask=mask), strict=True):
        assert torch.equal(one, other)
    double = [x.double() for x in (q, k, v)]
    for one, other in zip(measured(*double), portable(*double), strict=True):
        assert torch.equal(one, other)


@needs_compiler
@pytest.mark.parametrize("kernel_there", [True, False])
@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
def test_statistics_of_16_bit_weights_are_those_in_float64(
    made: Kernel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: torch.dtype, kernel_there: bool
) -> None:
    monkeypatch.setattr(module, "kernel", lambda: made if kernel_there else None)
    weights = {name: weight.to(kind) for name, weight in reference(n_transit=64).state_dict().items()}
    model = load_model(load_checkpoint(save_checkpoint(tmp_path / "ckpt-7.pt", weights)))
    sample = random_sample(60)
    found = measure(model, sample)
    exact = measure(replace(model, network=model.network.double()), sample)
    np.testing.assert_allclose(found.received, exact.received, rtol=1e-6)
    np.testing.assert_allclose(found.row_entropy, exact.row_entropy, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(found.value_norm, exact.value_norm, rtol=1e-6)
    np.testing.assert_allclose(found.query_row, exact.query_row, rtol=2e-6)
