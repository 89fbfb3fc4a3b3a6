"""What each process may load: the UI no torch, matplotlib or h5py, the engine no Textual, `--help` none of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import adtui

HEAVY = ("torch", "matplotlib", "h5py")


def loaded(code: str) -> set[str]:
    """Modules that a fresh interpreter holds after running code."""
    script = f"{code}\nimport json, sys\nsys.stderr.write(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=600, check=True)
    return set(json.loads(done.stderr.splitlines()[-1]))


def test_the_app_loads_nothing_heavy() -> None:
    modules = loaded("import adtui.ui.app")
    assert "textual" in modules
    assert not modules & set(HEAVY)


def test_every_module_of_the_ui_loads_nothing_heavy() -> None:
    code = (
        "import importlib, pkgutil, adtui.ui\n"
        "for m in pkgutil.walk_packages(adtui.ui.__path__, 'adtui.ui.'): importlib.import_module(m.name)"
    )
    assert not loaded(code) & {*HEAVY, "adtui.engine"}


@pytest.mark.parametrize("module", ["adtui.engine.process", "adtui.engine.session"])
def test_the_engine_loads_no_textual(module: str) -> None:
    assert "textual" not in loaded(f"import {module}")


NOT_YET = {*HEAVY, "pydantic", "yaml", "importlib.metadata", "textual"}
"""What takes long to import, and what the engine does not need before it computes."""


def test_the_engine_answers_before_it_loads_torch() -> None:
    assert not loaded("import adtui.engine.process") & NOT_YET


def test_what_was_kept_of_an_opening_is_shown_before_torch_is_loaded(tmp_path: Path) -> None:
    """Nor what reads settings: the mark of an opening is made of digests."""
    code = (
        "import json, os\n"
        f"os.environ['XDG_CACHE_HOME'] = {str(tmp_path)!r}\n"
        "from adtui.engine.remembering import RememberingEngine, place_of, read\n"
        "from adtui.files.demos import demo_run\n"
        "from adtui.records.messages import OpenRun\n"
        "place = place_of(OpenRun(0, str(demo_run())))\n"
        "place.parent.mkdir(parents=True)\n"
        "place.write_text('[\"t\"]')\n"
        "read(place)"
    )
    assert not loaded(code) & NOT_YET


def test_the_apps_first_picture_needs_no_plotext() -> None:
    """Curves are drawn after it."""
    assert not loaded("import adtui.ui.app, adtui.ui.preferences") & {"plotext", "pydantic"}


HELP = [[name, "--help"] for name in ("analyze", "compress", "evaluate", "export", "extract", "probe", "train")]


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["no/such/run"], *HELP])
def test_the_command_line_loads_nothing_heavy(arguments: list[str]) -> None:
    code = f"from adtui.__main__ import main\ntry:\n    main({arguments!r})\nexcept SystemExit:\n    pass"
    assert not loaded(code) & {*HEAVY, "textual", "pydantic", "numpy"}


def test_one_module_reads_hdf5_files_and_one_writes_them() -> None:
    """Whatever else opened one would follow its links and trust its chunks."""
    code = Path(adtui.__file__).parent.rglob("*.py")
    assert {path.stem for path in code if "h5py.File(" in path.read_text(encoding="utf-8")} == {"hdf5", "collect"}
