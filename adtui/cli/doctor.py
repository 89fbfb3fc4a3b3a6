"""`adtui doctor`: is everything here that adtui needs, what will the terminal show, and what to change."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, Any

from ..records.plain import to_ascii

if TYPE_CHECKING:
    from ..ui.renderables.colors import ColorTable
    from .diagnosis import Finding

HELP = "check Python, torch, CUDA and the terminal, and say what to change"


def prepare_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.add_argument(
        "--build-kernel",
        action="store_true",
        help="compile the kernel that measures attention faster on this CPU",
    )
    parser.epilog = "Exit code 0 when adtui can work here, 1 when something must be changed first."


def run(args: argparse.Namespace) -> int:
    """Print the findings, and a test pattern as the app would draw it."""
    from rich.console import Console

    from ..ui.renderables.colors import utf8_terminal
    from ..ui.terminal.signals import forget_coerced_locale
    from .diagnosis import Finding, connection, devices, installation, kernel, settings, terminal
    from .diagnosis_pictures import pictures

    if args.build_kernel:
        from ..models.kernel import build_kernel

        build_kernel()
    forget_coerced_locale()
    console = Console(highlight=False)
    utf8 = utf8_terminal(os.environ)
    findings = [*installation(), *devices(), kernel(), settings()]
    if console.is_terminal:
        size = shutil.get_terminal_size()
        findings += terminal(os.environ, (size.columns, size.lines), console.color_system, utf8)
        findings += connection(os.environ)
        findings.append(pictures(os.environ, sys.stdin, sys.stdout))
    else:
        findings.append(Finding("terminal", "none: the output is not one", "run it in the terminal that you will use"))
    fatal = any(finding.fatal for finding in findings)
    table = _table(console.color_system, utf8)
    if args.json:
        print(json.dumps(_json(findings, table, fatal), indent=2))
        return int(fatal)
    _print_findings(findings, utf8, console.width)
    _print_pattern(console, table)
    changes = sum(bool(finding.advice) for finding in findings)
    verdict = "adtui cannot work like this" if fatal else "adtui can work here"
    print(f"\n{verdict}; {changes or 'no'} suggestion{'' if changes == 1 else 's'}.")
    return int(fatal)


def _table(color_system: str | None, utf8: bool) -> ColorTable:
    """What the app would draw with: the user's settings hold, where they can be used."""
    from ..records.errors import ConfigError
    from ..ui.preferences import Preferences, chosen_table, load_preferences

    try:
        settled = load_preferences()
    except ConfigError:  # which is among the findings
        settled = Preferences()
    return chosen_table(settled, color_system, utf8)


def _json(findings: list[Finding], table: ColorTable, fatal: bool) -> dict[str, Any]:
    checks = [{"what": f.what, "found": f.found, "advice": f.advice or None, "fatal": f.fatal} for f in findings]
    return {"usable": not fatal, "colors": table.name, "half_blocks": table.half_blocks, "checks": checks}


def _print_findings(findings: list[Finding], utf8: bool, columns: int) -> None:
    indent = max(len(finding.what) for finding in findings) + 4
    arrow = to_ascii("→ ", unless=utf8)
    for finding in findings:
        mark = "x" if finding.fatal else "!" if finding.advice else " "
        lines = _wrap(finding.found, f"{mark} {finding.what}".ljust(indent), " " * indent, columns)
        if finding.advice:
            lines += _wrap(finding.advice, " " * indent + arrow, " " * (indent + len(arrow)), columns)
        text = "\n".join(lines)
        print(to_ascii(text, unless=utf8))


def _wrap(text: str, first: str, rest: str, columns: int) -> list[str]:
    """Lines of `text`; words are kept whole, because people copy commands and paths."""
    return textwrap.wrap(
        text,
        max(columns, 40),
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _print_pattern(console: Any, table: ColorTable) -> None:
    """The colour scale as a ramp, and a heatmap of a causal mask with a recent and a sink column, two pixels a cell."""
    from rich.text import Text

    from ..ui.renderables.colors import LEVELS, MASKED

    ramp = Text("  ")
    for level in range(LEVELS):
        ramp.append(*table.swatch(level))
    words = "an even scale from dark to light" if table.name != "ascii" else "signs from light to dense"
    print(f"\nTest pattern ({table.name}): {words}, then a triangle with bright edges.")
    console.print(ramp, soft_wrap=True)
    pixels = [[MASKED if k > q else LEVELS - 1 - min(q - k, k) * 3 for k in range(16)] for q in range(16)]
    rows = table.rows_per_cell
    for top in range(0, len(pixels), rows):
        line = Text("  ")
        for upper, lower in zip(pixels[top], pixels[top + rows - 1], strict=True):
            line.append(*table.cell(max(upper, 0), max(lower, 0)))
        console.print(line, soft_wrap=True)
    sys.stdout.flush()
