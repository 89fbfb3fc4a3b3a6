"""Fixtures for every test: the users' files where they are at hand, and tiny runs made by code."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # read when torch and numpy are loaded
    os.environ[_name] = "1"  # the workers are the parallelism, here and in the processes that tests start
for _name in ("COLUMNS", "LINES"):  # pytest's workers get these; they would go before a terminal's own size
    os.environ.pop(_name, None)

os.environ["XDG_CACHE_HOME"] = os.devnull  # nor do bookmarks of tests go among theirs
os.environ["XDG_CONFIG_HOME"] = os.devnull  # whoever runs the tests may have settings of their own

REPOSITORY = Path(__file__).resolve().parents[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    """For tests/ui/test_screens.py; an option must be known before that file is."""
    parser.addoption("--update-screens", action="store_true", help="write the screens of tests/ui/snapshots anew")


def pytest_sessionstart(session: pytest.Session) -> None:
    """What makes tests' files imports torch, which the process that only deals them out to workers can do without."""
    if not session.config.getoption("numprocesses", None):
        import contexts_once

        of_a_worker = hasattr(session.config, "workerinput")  # whose directory lies in that of the run
        own: Path = session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
        contexts_once.start(own.parent / "contexts" if of_a_worker else None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Programs in terminals come first: of what is left in the end, every worker can then take a share."""
    first = {REPOSITORY / "tests" / name for name in ("e2e", "faults", "fuzz")}
    items.sort(key=lambda item: item.path.parent not in first)


def pytest_collection_finish() -> None:
    """What has been loaded stays: the collector need not go through it again, a fourth of the screens' tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def pytest_sessionfinish() -> None:
    """Whatever garbage complains about is heard once; pytest would go through all that is left five times, seconds."""
    gc.collect()
    gc.freeze()


def shared(name: str) -> Path:
    """A directory of users' files beside the repository; skips where it is absent."""
    directory = REPOSITORY.parent / "shared" / name
    if not directory.is_dir():
        pytest.skip(f"the users' files are not at {directory}")
    return directory


@pytest.fixture(scope="session")
def fixtures_dir() -> Path:
    """Checkpoints, histories and golden numbers from the users' own code; they lie beside the repository."""
    return shared("fixtures")


@pytest.fixture(scope="session")
def adcw_run(fixtures_dir: Path) -> Path:
    """A run of the users' AD code (family encoder, post-norm)."""
    return fixtures_dir / "adcw_ad" / "runs" / "AD-darkroom-seed0"


@pytest.fixture(scope="session", params=["post", "pre"])
def tiny_run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run directory with a 2-layer, 2-head checkpoint (n_transit 20) and, in the tree above it, its histories."""
    from checkpoints import make_run, write_histories

    root = tmp_path_factory.mktemp(f"tiny-{request.param}")
    write_histories(root / "datasets" / "history_darkroom_PPO_alg-seed42.hdf5", range(81), length=60)
    return make_run(root / "runs" / f"AD-darkroom-{request.param}", request.param)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with histories that opens at once, for the real program; nobody adds to it."""
    from checkpoints import make_run, write_histories

    root = tmp_path_factory.mktemp("tiny")
    write_histories(root / "datasets" / "history_darkroom_PPO_alg-seed42.hdf5", range(81), length=60)
    return make_run(root / "runs" / "AD-darkroom-tiny", "pre")


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """An engine at the other end of a pipe."""
    command = [sys.executable, "-m", "adtui.engine"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        yield child
        child.kill()


@pytest.fixture(scope="session")
def cases_dir() -> Path:
    """Small files as other people's code writes them, each with what is right."""
    return shared("cases")
