"""`adtui provenance`: where a figure, an array or a report comes from."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..records.exit_codes import DONE

HELP = "say which run, checkpoint, settings and contexts a figure, film, session, .npz or JSON file comes from"


def prepare_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", metavar="FILE", help="a PNG, PDF, SVG, GIF, JSON, .npz or session file that adtui wrote"
    )
    parser.add_argument("--json", action="store_true", help="print JSON (docs/provenance.md) instead of text")


def run(args: argparse.Namespace) -> int:
    """Text or JSON goes to stdout."""
    from ..files.provenance import read_provenance
    from ..reports.document import dumps
    from ..reports.provenance import provenance_lines

    found = read_provenance(Path(args.file))
    sys.stdout.write(dumps(found) if args.json else "\n".join(provenance_lines(found)) + "\n")
    return DONE
