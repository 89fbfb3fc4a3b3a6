"""`adtui completion`: a real bash completes what the parsers know, and the other scripts name the same options."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from adtui.cli.completion import PATHS, lines
from adtui.cli.main import COMMANDS, command_parser, demo_parser, main, open_parser

BASH = shutil.which("bash")
needs_bash = pytest.mark.skipif(BASH is None, reason="no bash here")

ASK = """
ask() {
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
    $(complete -p adtui | sed 's/.*-F \\([^ ]*\\).*/\\1/')
    printf '%s\\n' "${COMPREPLY[@]}"
}
"""
"""What bash does at Tab: the function that the script has registered is called with the line's words."""


def script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["completion", shell]) == 0
    return capsys.readouterr().out


def completed(text: str, words: list[str], place: Path) -> set[str]:
    """What bash offers for the last of `words`."""
    assert BASH is not None
    asked = subprocess.run(
        [BASH, "--norc", "-c", f'{text}\n{ASK}\nask "$@"', "bash", *words],
        capture_output=True,
        text=True,
        cwd=place,
        check=True,
    )
    assert not asked.stderr
    return set(asked.stdout.splitlines()) - {""}


@needs_bash
def test_bash_completes_commands_options_choices_and_paths(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = script("bash", capsys)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "ckpt 1.pt").touch()
    (tmp_path / "export-me").mkdir()
    cases = {
        ("adtui", "ex"): {"export", "extract", "export-me"},
        ("adtui", "--no-m"): {"--no-mouse"},
        ("adtui", "demo", "key"): {"keytodoor"},
        ("adtui", "analyze", "r"): {"runs"},
        ("adtui", "analyze", "runs/ck"): {"runs/ckpt 1.pt"},
        ("adtui", "analyze", "--knock"): {"--knock-outs"},
        ("adtui", "runs", "--asc"): {"--ascii"},
        ("adtui", "export", "runs", "--output", "e"): {"export-me"},
        ("adtui", "compress", "runs", "--backend", ""): {"local", "ray", "dask"},
        ("adtui", "compress", "runs", "--backend", "="): {"local", "ray", "dask"},
        ("adtui", "compress", "runs", "--backend", "=", "l"): {"local"},
        ("adtui", "analyze", "--samples", "r"): set(),
        ("adtui", "completion", ""): {"bash", "zsh", "fish"},
    }
    for words, expected in cases.items():
        assert completed(text, list(words), tmp_path) == expected, words


@needs_bash
@pytest.mark.parametrize("name", COMMANDS)
def test_bash_offers_the_options_that_the_parser_has(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = {word for action in command_parser(name)._actions for word in action.option_strings}
    assert completed(script("bash", capsys), ["adtui", name, "-"], tmp_path) == known


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_other_shells_know_every_option(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = script(shell, capsys)
    for line in lines():
        assert line.name in text
        for option in line.options:
            assert all(name.lstrip("-") in text for name in option.names)


def test_every_free_argument_is_known_as_a_path_or_as_none() -> None:
    """One that is new must be decided on: files are offered where they are meant, and nowhere else."""
    parsers = [open_parser(), demo_parser(), *map(command_parser, COMMANDS)]
    free = {
        action.metavar or action.dest
        for parser in parsers
        for action in parser._actions
        if action.nargs != 0 and action.type is None and not action.choices
    }
    assert free - PATHS == {"device", "A,B", "STRATEGY:K", "KEY", "TEXT", "MODULE:FACTORY"}


def test_another_shell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["completion", "tcsh"])
    assert caught.value.code == 2
    assert "invalid choice: 'tcsh'" in capsys.readouterr().err
