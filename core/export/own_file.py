"""The part of the script that names a file of one's own: the experiment's, or the one on the command line."""

from core.experiment.experiment import Experiment
from core.tasks.task import CORPUS_OPTION, get_text
from core.tasks.text_file import get_display_name


def write_options(e: Experiment, *columns: str) -> list[str]:
    """Return the line that names the experiment's file, "" for the built-in data, and the one that names its columns.

    A server's folder is left out: the file is looked for where the script runs.
    """
    options = dict(e.options)
    path = get_text(options, CORPUS_OPTION)
    named = {column: get_text(options, column) or column for column in columns}
    return [
        f"FILE = {get_display_name(path).replace(chr(92), '/').split('/')[-1]!r}",
        *([f"COLUMNS = {named!r}"] if named else []),
    ]


def write_file_choice() -> list[str]:
    """Return the line that chooses the file: the one on the command line, or the experiment's."""
    return ["    file = sys.argv[1] if len(sys.argv) > 1 else FILE"]
