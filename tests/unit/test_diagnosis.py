"""Each finding says what is there and, only where something should change, what to change."""

from __future__ import annotations

import json

import pytest

from adtui.diagnosis import Finding, connection, devices, installation, terminal

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
