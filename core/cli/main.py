"""Reads the arguments, runs the command, and turns every ending into an exit status."""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from core.cli import bench, masks, methods, path, record, seeds, tables, train
from core.errors import Invalid
from core.i18n import N_, _

ABOUT = N_("Dropout in recurrent networks, seen without a browser.")
COMMANDS = {
    "train": train,
    "methods": methods,
    "path": path,
    "masks": masks,
    "bench": bench,
    "seeds": seeds,
    "tables": tables,
    "record": record,
}


class _Parser(argparse.ArgumentParser):
    """Says in one line what is wrong, and what is allowed."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {one_line(message)}\n")


def one_line(text: str) -> str:
    """The text without line breaks: what it quotes may have some."""
    return " ".join(text.split())


def main(arguments: Sequence[str]) -> int:
    """Runs one command. Returns 0; 1 where a run failed; 2 for wrong arguments; 130 after Ctrl-C."""
    try:
        status = _run(_parser(), arguments)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Nobody reads any more. What is left in the buffer must not be complained about at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> _Parser:
    parser = _Parser(prog="python -m core", description=_(ABOUT), allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True, metavar="|".join(COMMANDS))
    for name, command in COMMANDS.items():
        command.add_arguments(commands.add_parser(name, help=_(command.HELP), description=_(command.HELP), allow_abbrev=False))
    return parser


def _run(parser: _Parser, arguments: Sequence[str]) -> int:
    try:
        args = parser.parse_args(arguments)
    except SystemExit as ended:  # argparse ends the program by itself, after help and for wrong arguments
        return int(ended.code or 0)
    try:
        return int(COMMANDS[args.command].run(args))
    except Invalid as error:
        print(f"{parser.prog} {args.command}: {one_line(str(error))}", file=sys.stderr)
        return 2
