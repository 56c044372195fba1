"""The entry point of the command line: parse the arguments, run the command, return the exit status."""

import argparse
import errno
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Any, NoReturn

from core.cli import bench, compare, masks, methods, path, record, seeds, tables, train
from core.errors import Invalid
from core.i18n import N_, _

DESCRIPTION = N_("Dropout in recurrent networks, seen without a browser.")
COMMANDS = {
    "train": train,
    "compare": compare,
    "methods": methods,
    "path": path,
    "masks": masks,
    "bench": bench,
    "seeds": seeds,
    "tables": tables,
    "record": record,
}


UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF}


class _Parser(argparse.ArgumentParser):
    """A parser that reports a wrong argument in one line and exits with status 2."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse the arguments; an option that counts once must not be given twice."""
        names = [arg.partition("=")[0] for arg in args or () if arg.startswith("--")]
        once = {name for name, action in self._option_string_actions.items() if action.nargs != "+"}
        if twice := next((name for name in names if name in once and names.count(name) > 1), None):
            self.error(_("{name} is given twice").format(name=twice))
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {join_lines(message)}\n")


def join_lines(text: str) -> str:
    """Return the text in one line: values that it quotes may contain line breaks."""
    return " ".join(text.split())


def main(arguments: Sequence[str]) -> int:
    """Run one command. Return its exit status: 0, 1 if a run failed, 2 for wrong arguments, 130 after Ctrl-C."""
    _prepare_streams()
    try:
        status = _run_command(_build_parser(), arguments)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader has closed the pipe. Python must not report at exit that the rest of the buffer cannot be written.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        print(_("Standard output cannot be written: {why}.").format(why=error.strerror), file=sys.stderr)
        return 1


def _prepare_streams() -> None:
    """Let a console print a replacement for a character that it lacks, and replace a stream that is closed by none."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 (open as long as the program)
        elif isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def _build_parser() -> _Parser:
    parser = _Parser(prog="python -m core", description=_(DESCRIPTION), allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True, metavar="|".join(COMMANDS))
    for name, command in COMMANDS.items():
        command.add_arguments(commands.add_parser(name, help=_(command.HELP), description=_(command.HELP), allow_abbrev=False))
    return parser


def _run_command(parser: _Parser, arguments: Sequence[str]) -> int:
    try:
        args = parser.parse_args(arguments)
    except SystemExit as exit_request:  # argparse exits by itself, after help and for wrong arguments
        return int(exit_request.code or 0)
    try:
        return int(COMMANDS[args.command].run(args))
    except Invalid as error:
        print(f"{parser.prog} {args.command}: {join_lines(str(error))}", file=sys.stderr)
        return 2
