"""The source of this program's readers of files, for the script: it reads a file in the very same way."""

import ast
from collections.abc import Iterable, Sequence
from importlib import import_module
from inspect import getsource

from core.tasks.file_caches import register_file_cache

# What the readers ask of the rest of the program: texts stay in English.
_STAND_INS = ["def _(text):", "    return text", "", "", "N_ = _"]
_TEXT_MODULES = ("core.errors", "core.tasks.text_file")
_CORPUS_MODULES = (*_TEXT_MODULES, "core.tasks.vocabulary", "core.tasks.tokenization", "core.tasks.corpus")
_TABLE_MODULES = ("core.tasks.number_parser", "core.tasks.csv_dialect", "core.tasks.table_limits", "core.tasks.file_readers")
READER_MODULES = {
    "language-model": _CORPUS_MODULES,
    "character-model": _CORPUS_MODULES,
    "classification": (
        *_TEXT_MODULES,
        "core.tasks.vocabulary",
        "core.tasks.tokenization",
        *_TABLE_MODULES,
        "core.tasks.labelled_texts",
    ),
    "series": (
        *_TEXT_MODULES,
        *_TABLE_MODULES,
        "core.tasks.column_kinds",
        "core.tasks.number_table",
        "core.tasks.series_file",
    ),
}  # by task, each after those that it needs


def list_reader_imports(task: str) -> list[str]:
    """Return the import lines that the readers of a task need, without those of this program."""
    nodes = [node for name in READER_MODULES.get(task, ()) for node in _parse(name).body]
    imports = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom) and not _is_own_import(node)]
    return sorted({ast.unparse(node) for node in imports}, key=lambda line: (line.startswith("from"), line))


def write_readers(task: str) -> list[str]:
    """Return the lines of the readers of a task; [] for a task that reads no file of one's own."""
    modules = READER_MODULES.get(task, ())
    return [*_STAND_INS, *(line for name in modules for line in _write_module(name))] if modules else []


def _write_module(name: str) -> list[str]:
    """Return the source of a module without its docstring, its imports and what only a server needs."""
    left_out: list[ast.stmt] = [node for node in _parse(name).body[:1] if isinstance(node, ast.Expr)]
    left_out += [node for node in _parse(name).body if isinstance(node, ast.Import | ast.ImportFrom)]
    decorators = [one for node in _parse(name).body if isinstance(node, ast.FunctionDef) for one in node.decorator_list]
    dropped = {line for node in left_out for line in _list_lines(node)}
    dropped |= {one.lineno for one in decorators if ast.unparse(one) == register_file_cache.__name__}
    lines = [line for n, line in enumerate(getsource(import_module(name)).splitlines(), start=1) if n not in dropped]
    return ["", "", f"# {name.replace('.', '/')}.py", *_strip(lines)]


def _strip(lines: Sequence[str]) -> list[str]:
    return "\n".join(lines).strip("\n").split("\n")


def _list_lines(node: ast.stmt) -> Iterable[int]:
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)


def _parse(name: str) -> ast.Module:
    return ast.parse(getsource(import_module(name)))


def _is_own_import(node: ast.Import | ast.ImportFrom) -> bool:
    return isinstance(node, ast.ImportFrom) and (node.module or "").startswith("core.")
