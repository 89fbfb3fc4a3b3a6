"""The command line: one file per command, imported only when that command runs.

Each command module offers `HELP` (one line), `prepare_parser(parser)` and `run(args) -> exit code`. Data goes to
stdout, diagnostics to stderr; an AdtuiError becomes one line on stderr and exit code 2.
"""
