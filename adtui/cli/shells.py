"""Completion scripts of bash, zsh and fish, from the lines that `completion.lines` has read off the parsers."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .completion import Line, Option

BASH = """\
# Completion of adtui, for bash 3.2 and newer: eval "$(adtui completion bash)"
_adtui_words() {
    local word
    while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$1" -- "$2")
}
_adtui_paths() {
    local path
    compopt -o filenames 2>/dev/null
    while IFS= read -r path; do COMPREPLY+=("$path"); done < <(compgen -f -- "$1")
}
_adtui() {
    local current="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}" name="" words=""
    COMPREPLY=()
    # bash takes --option=value for three words
    if [[ $current == = ]]; then current=""
    elif [[ $before == = ]] && ((COMP_CWORD > 1)); then before="${COMP_WORDS[COMP_CWORD-2]}"
    fi
    if ((COMP_CWORD > 1)); then
        case "${COMP_WORDS[1]}" in
            @COMMANDS@) name="${COMP_WORDS[1]}" ;;
        esac
    fi
    case "$name $before" in
@VALUES@
    esac
    case "$name" in
@OPTIONS@
    esac
    if [[ $current == -* ]]; then
        _adtui_words "$words" "$current"
        return
    fi
    if ((COMP_CWORD == 1)); then _adtui_words "@WORDS@" "$current"; fi
    case "$name" in
@POSITIONALS@
    esac
}
complete -F _adtui adtui
"""

ZSH = """\
#compdef adtui
# Completion of adtui, for zsh: eval "$(adtui completion zsh)" behind compinit, or this text as _adtui in $fpath
_adtui() {
    local -a commands
    commands=(
@COMMANDS@
    )
    if (( CURRENT == 2 )) && [[ $words[CURRENT] != -* ]]; then
        _alternative 'commands:command:{_describe command commands}' 'runs:run:_files'
        return
    fi
    case $words[2] in
@LINES@
    esac
}
if [[ $funcstack[1] == _adtui ]]; then _adtui "$@"; else compdef _adtui adtui; fi
"""

FISH = """\
# Completion of adtui, for fish: adtui completion fish | source
function __adtui_command
    set -l words (commandline -opc)
    set -l name
    if test (count $words) -gt 1; and contains -- $words[2] @COMMANDS@
        set name $words[2]
    end
    test "$name" = "$argv[1]"
end
function __adtui_first
    test (count (commandline -opc)) -eq 1
end
"""


def bash(lines: Sequence[Line]) -> str:
    """The script for bash."""
    values, options, positionals = [], [], []
    for line in lines:
        for option in line.options:
            if option.value:
                what = {"path": '_adtui_paths "$current"', "text": ":"}.get(
                    option.value, f'_adtui_words "{" ".join(option.choices)}" "$current"'
                )
                patterns = "|".join(f'"{line.name} {name}"' for name in option.names)
                values.append(f"        {patterns}) {what}; return ;;")
        spelled = " ".join(name for option in line.options for name in option.names)
        options.append(f'        "{line.name}") words="{spelled}" ;;')
        if line.paths:
            positionals.append(f'        "{line.name}") _adtui_paths "$current" ;;')
        elif line.words:
            positionals.append(f'        "{line.name}") _adtui_words "{" ".join(line.words)}" "$current" ;;')
    names = [line.name for line in lines if line.name]
    parts = {"COMMANDS": "|".join(names), "WORDS": " ".join(names)}
    parts |= {"VALUES": "\n".join(values), "OPTIONS": "\n".join(options), "POSITIONALS": "\n".join(positionals)}
    return _filled(BASH, parts)


def zsh(lines: Sequence[Line]) -> str:
    """The script for zsh."""
    commands = [f"        {shlex.quote(f'{line.name}:{line.help}')}" for line in lines if line.name]
    cases = []
    for line in [*(line for line in lines if line.name), *(line for line in lines if not line.name)]:
        specs = [_zsh_option(name, option) for option in line.options for name in option.names]
        specs += ["*:run:_files" if line.paths else f"1:name:({' '.join(line.words)})"] if _takes(line) else []
        arguments = " \\\n                ".join(map(shlex.quote, specs))
        # A command's own name is dropped, so that its first argument is the first positional one.
        shift = "shift words; (( CURRENT-- ))\n            " if line.name else ""
        cases.append(f"        {line.name or '*'})\n            {shift}_arguments \\\n                {arguments} ;;")
    return _filled(ZSH, {"COMMANDS": "\n".join(commands), "LINES": "\n".join(cases)})


def fish(lines: Sequence[Line]) -> str:
    """The script for fish."""
    names = [line.name for line in lines if line.name]
    rows = [_filled(FISH, {"COMMANDS": " ".join(names)})]
    for line in lines:
        where = f"complete -c adtui -n '__adtui_command \"{line.name}\"'"
        if line.name:
            rows.append(f"complete -c adtui -n __adtui_first -a {line.name} -d {_fish(line.help)}\n")
        if not line.paths:
            words = f" -a {_fish(' '.join(line.words))}" if line.words else ""
            rows.append(f"{where} -f{words}\n")
        rows += [f"{where}{_fish_option(option)}\n" for option in line.options]
    return "".join(rows)


SCRIPTS: dict[str, Callable[[Sequence[Line]], str]] = {"bash": bash, "zsh": zsh, "fish": fish}
"""By the shell's name."""


def _takes(line: Line) -> bool:
    return line.paths or bool(line.words)


def _zsh_option(name: str, option: Option) -> str:
    text = "".join(f"\\{sign}" if sign in r"\[]:" else sign for sign in option.help)
    action = {"": "", "path": ":path:_files", "text": ":value: "}.get(
        option.value, f":value:({' '.join(option.choices)})"
    )
    # `=` behind the name: --option=value is completed as well as --option value
    return f"{name}{'=' if option.value and name.startswith('--') else ''}[{text}]{action}"


def _fish_option(option: Option) -> str:
    names = "".join(f" -l {name[2:]}" if name.startswith("--") else f" -s {name[1:]}" for name in option.names)
    value = {"": "", "path": " -r -F", "text": " -x"}.get(option.value, f" -x -a {_fish(' '.join(option.choices))}")
    return f"{names}{value} -d {_fish(option.help)}"


def _fish(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _filled(template: str, parts: dict[str, str]) -> str:
    for name, text in parts.items():
        template = template.replace(f"@{name}@", text)
    return template
