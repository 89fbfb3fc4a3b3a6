"""A slice of the campaign in the ordinary suite, the campaign's own laws, and a property of what checkpoints hold."""

from __future__ import annotations

import contextlib
import os
import pickle
import re
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adtui.files.checkpoint import load_checkpoint
from adtui.records.errors import AdtuiError

from .cases import KINDS, ROUND, Case, case, cases, content, digest, good_files
from .opening import place, refusal_fault, steps
from .originals import KEPT, originals

REPOSITORY = Path(__file__).resolve().parents[2]
#: Opens nothing; does, by the case's number, each thing that must be told as a failure, and two that must not.
BAD_LOADER = """
import os, pathlib, pickle, signal, subprocess, sys, time
from adtui.records.errors import CheckpointError

def traceback(): raise KeyError("w")
def message(): raise CheckpointError("f", expected="x" * 9999, found="y", action="z")
def output(): print("a word", file=sys.stderr)
def hang(): time.sleep(60)
def memory(): held.append(b"x" * (300 << 20))
def executed(): subprocess.run(["true"])
def evaluated(): eval("1 + 1")
def unpickled(): pickle.loads(b"cbuiltins\\nlen\\n.")
def wrote(): pathlib.Path("left-behind").write_text("x")
def deleted(): pathlib.Path("/no/such/directory").rmdir()
def died(): os.kill(os.getpid(), signal.SIGSEGV)
def opened(): pass
def refused(): raise CheckpointError("f", expected="x", found="y", action="z")

held = []
told = [traceback, message, output, hang, memory, executed, evaluated, unpickled, wrote, deleted, died, opened, refused]

def steps(case, root):
    return [told[case.number]]
"""
EXPECTED = [
    "traceback",
    "message",
    "output",
    "hang",
    "memory",
    "executed",
    "executed",
    "executed",
    "wrote",
    "wrote",
    "died",
    "opened",
    "refused",
]


def fuzz(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The campaign as a user runs it, in a fresh process: it forks, which a test process full of threads should not."""
    return subprocess.run(
        [sys.executable, "-m", "tests.fuzz", *arguments],
        cwd=REPOSITORY,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The good files of this process, for those that a test starts."""
    path = tmp_path_factory.mktemp("originals") / "originals.pickle"
    path.write_bytes(pickle.dumps(originals()))
    return {KEPT: str(path)}


def test_every_file_opens_or_is_refused_with_one_clear_line_and_is_the_same_in_every_process(tmp_path: Path) -> None:
    """Each kind of damage; the campaign's process makes its good files itself."""
    count = str(len(ROUND))
    asked = ("--count", count, "--seed", "5", "--digest", "--failures", str(tmp_path))
    done = fuzz(*asked, "--limit", "100", PYTHONHASHSEED="77")  # of a busy machine's seconds
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert re.search(rf"^all +{count} ", done.stdout, re.MULTILINE)
    assert f"digest of the files: {digest(islice(cases(), len(ROUND)), 5)}\n" in done.stdout
    assert digest(islice(cases(), len(ROUND)), 4) != digest(islice(cases(), len(ROUND)), 5)


def test_bad_loaders_are_told(tmp_path: Path, kept: dict[str, str]) -> None:
    (tmp_path / "bad_loader.py").write_text(BAD_LOADER)
    failures = tmp_path / "kept"
    options = (
        "--loader",
        "bad_loader:steps",
        "--limit",
        "3",
        "--memory",
        "200",
        "--failures",
        str(failures),
        "--count",
        str(len(EXPECTED)),
    )
    done = fuzz(*options, PYTHONPATH=str(tmp_path), **kept)
    assert done.returncode == 1
    told = dict(re.findall(r"^case (\d+) \w+ [\w-]+: (\w+):", done.stdout, re.MULTILINE))
    failed = {str(number): result for number, result in enumerate(EXPECTED) if result not in ("opened", "refused")}
    assert told == failed, done.stdout + done.stderr
    assert re.search(rf"^all +{len(EXPECTED)} +1 +1 +{len(failed)}$", done.stdout, re.MULTILINE), done.stdout
    for number in failed:
        files = sorted(failures.glob(f"seed0-case{number}-*"))
        assert len(files) == 2
        assert content(case(int(number)), 0) in [path.read_bytes() for path in files]


def test_a_case_does_not_depend_on_the_others() -> None:
    chosen = list(islice(cases("hdf5", frozenset({"links"})), 3))
    assert [case(found.number) for found in chosen] == chosen
    assert {found.kind for found in islice(cases(), 100)} == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_undamaged_files_open(kind: str, tmp_path: Path) -> None:
    for data in good_files(kind):
        place(kind, data, tmp_path / "case")
        opened = 0
        for step in steps(Case(0, kind, ""), tmp_path / "case"):
            # A run's config.yaml is no settings of `adtui train`; inputs and histories of cells are none of vectors.
            with contextlib.suppress(AdtuiError) if kind in ("yaml", "checkpoint") else contextlib.nullcontext():
                step()
                opened += 1
        assert opened == (1 if b"dim_obs" in data else 2) if kind == "checkpoint" else opened


keys = st.one_of(st.text(max_size=5), st.integers(), st.none(), st.booleans(), st.floats(), st.tuples(st.integers()))
plain = st.recursive(
    st.one_of(keys, st.binary(max_size=3), st.complex_numbers(), st.just(torch.device("cuda:3"))),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3)),
    max_leaves=12,
)


@given(content=st.one_of(plain, st.fixed_dictionaries({"model": plain, "config": plain, "step": plain})))
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_plain_content_loads_or_is_refused(tmp_path: Path, content: object) -> None:
    """Whatever plain values a checkpoint holds: no traceback, one clear line, and quick to say."""
    torch.save(content, tmp_path / "ckpt-7.pt")
    fault = None
    try:
        loaded = load_checkpoint(tmp_path / "ckpt-7.pt")
        assert isinstance(loaded.step, int)
    except AdtuiError as error:
        fault = refusal_fault(error)
    assert fault is None
