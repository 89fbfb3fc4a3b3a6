"""Each finding says what is there and, only where something should change, what to change."""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

from adtui.cli.diagnosis import NEEDED_BY, Finding, connection, devices, installation, terminal

GOOD = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "en_US.UTF-8"}
SSH = {"SSH_CONNECTION": "10.0.0.1 5 10.0.0.2 22"}


def look(
    environ: dict[str, str], size: tuple[int, int] = (120, 40), colors: str | None = "truecolor"
) -> dict[str, Finding]:
    utf8 = "UTF-8" in environ.get("LANG", "")
    return {finding.what: finding for finding in terminal(environ, size, colors, utf8)}


def tmux(**options: str) -> dict[str, Finding]:
    given = {"default-terminal": "tmux-256color", "set-clipboard": "on", "escape-time": "10"}
    given |= {name.replace("_", "-"): value for name, value in options.items()}
    found = connection({**GOOD, "TMUX": "/tmp/tmux,1,0"}, lambda command, _: given.get(command[-1]))
    return {finding.what: finding for finding in found}


def test_this_installation_is_complete() -> None:
    assert not [finding for finding in installation() if finding.fatal]


def installed(root: Path, name: str, version: str, *lines: str) -> None:
    """The metadata that pip would write for a package."""
    directory = root / f"{name}-{version}.dist-info"
    directory.mkdir(parents=True)
    head = ["Metadata-Version: 2.4", f"Name: {name}", f"Version: {version}", *lines]
    (directory / "METADATA").write_text("\n".join(head) + "\n\n")


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Finding]]:
    """What is found when adtui's metadata has these lines, and the packages aa 1.5 and bb[more] 2 are installed."""
    monkeypatch.syspath_prepend(str(tmp_path))
    installed(tmp_path, "aa", "1.5")
    installed(
        tmp_path, "bb", "2", "Provides-Extra: more", "Requires-Dist: bb-more; extra == 'more'", "Requires-Dist: cc"
    )

    def look(*lines: str) -> dict[str, Finding]:
        installed(tmp_path, "adtui", "9", *lines)
        return {finding.what: finding for finding in installation()}

    return look


def test_every_package_that_the_metadata_names_is_looked_for(asked: Callable[..., dict[str, Finding]]) -> None:
    found = asked(
        "Requires-Dist: aa>=1,<2", "Requires-Dist: no-such-package>=3", "Requires-Dist: older; python_version < '3'"
    )
    assert found["packages"].found == "aa 1.5"
    assert found["missing"].found == "no-such-package"
    assert found["missing"].fatal
    assert "version" not in found


def test_a_version_that_will_not_do_is_told(asked: Callable[..., dict[str, Finding]]) -> None:
    found = asked("Requires-Dist: aa>=2")["version"]
    assert found.found.startswith("aa 1.5")
    assert found.advice == "pip install 'aa>=2'"


def test_a_missing_extra_is_no_fault_and_its_purpose_is_told(asked: Callable[..., dict[str, Finding]]) -> None:
    found = asked(
        *("Provides-Extra: ppo", "Requires-Dist: no-such-package; extra == 'ppo'"),
        *("Provides-Extra: both", "Requires-Dist: aa>=2; extra == 'both'", "Requires-Dist: bb[more]; extra == 'both'"),
        *("Provides-Extra: whole", "Requires-Dist: aa; extra == 'whole'"),
    )
    assert "missing" not in found
    assert not any(finding.fatal or finding.advice for finding in found.values())
    assert found["[ppo]"].found.startswith("without no-such-package (for `adtui collect` with `alg: PPO`)")
    assert found["[both]"].found == "without aa>=2, bb-more: pip install 'adtui[both]'"
    assert found["[whole]"].found == "here"


def test_every_extra_of_this_project_has_its_purpose() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert set(NEEDED_BY) == set(project["optional-dependencies"])


def test_without_metadata_or_what_reads_it_doctor_still_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "metadata", none)
    assert "source" in installation()[-1].found
    monkeypatch.delitem(sys.modules, "adtui.cli.dependencies", raising=False)
    monkeypatch.setitem(sys.modules, "packaging.requirements", None)
    assert (installation()[-1].found, installation()[-1].fatal) == ("packaging", True)


def test_a_good_terminal_needs_no_advice() -> None:
    assert [finding.advice for finding in look(GOOD).values()] == [""] * 4


@pytest.mark.parametrize("term", ["", "dumb", "unknown"])
def test_a_terminal_without_cursor_control_is_fatal(term: str) -> None:
    found = look({**GOOD, "TERM": term}, colors=None)["TERM"]
    assert found.fatal
    assert "export TERM" in found.advice


def test_over_ssh_the_missing_colorterm_is_explained() -> None:
    environ = {"TERM": "xterm-256color", "LANG": "C.UTF-8"}
    assert "OpenSSH does not forward" in look({**environ, **SSH}, colors="256")["colours"].advice
    assert "OpenSSH" not in look(environ, colors="256")["colours"].advice
    assert "256 colours" in look(environ, colors="standard")["colours"].advice
    assert "NO_COLOR" in look({**GOOD, "NO_COLOR": "1"})["colours"].advice


def test_without_utf8_the_locale_is_advised() -> None:
    found = look({"TERM": "xterm"})["locale"]
    assert "none" in found.found
    assert "C.UTF-8" in found.advice


@pytest.mark.parametrize(
    ("size", "advice"),
    [((80, 24), ""), ((79, 24), "fold"), ((80, 23), "fold"), ((39, 24), "too small"), ((80, 9), "too small")],
)
def test_size(size: tuple[int, int], advice: str) -> None:
    found = look(GOOD, size)["size"]
    assert bool(advice) == bool(found.advice)
    assert advice in found.advice


def test_ssh_is_noticed() -> None:
    assert "10.0.0.1" in {f.what: f.found for f in connection({**GOOD, **SSH})}["SSH"]
    assert [f.what for f in connection(GOOD)] == ["copying"]


def test_tmux_options_that_get_in_the_way() -> None:
    assert [finding.advice for finding in tmux(terminal_features="xterm*:RGB").values()] == ["", ""]
    assert "RGB" in tmux()["tmux"].advice
    assert "tmux-256color" in tmux(default_terminal="screen")["tmux"].advice
    assert "set-clipboard on" in tmux(set_clipboard="external")["copying"].advice
    assert "escape-time 10" in tmux(escape_time="500")["Esc key"].advice


def test_a_tmux_that_does_not_answer_is_survived() -> None:
    found = connection({**GOOD, "TMUX": "x"}, lambda *_: None)
    assert [finding.what for finding in found] == ["tmux", "copying"]


def test_devices_are_asked_in_another_process() -> None:
    probe = json.dumps({"cuda": "12.8", "devices": [["NVIDIA H100", 80 << 30]]})
    assert devices(lambda *_: f"a warning\n{probe}")[0].found == "cuda:0 NVIDIA H100 (80 GB), cpu"
    assert devices(lambda *_: json.dumps({"cuda": None, "devices": []}))[0].found == "cpu"
    assert devices(lambda *_: None)[0].fatal
