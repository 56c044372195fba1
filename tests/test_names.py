"""Names and docstrings: no abandoned name is used, every class name is unique, docstrings start with a verb."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = [ROOT / "app.py", *(path for folder in ("core", "pages", "tests") for path in sorted((ROOT / folder).rglob("*.py")))]
SOURCES = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in FILES}
TREES = {file: ast.parse(source) for file, source in SOURCES.items()}
MAX_UNFORMATTED = 60  # tables in core and pages that the formatter leaves alone

# The left column of the table of renames: what modules were called, and what classes, functions, parameters and fields were.
MODULES = """
    codec differences origin draw beside measure find example losses model initial recurrence tangent objective optimiser
    answers weights windows cuts shown written bars reach snapshot look view opened stage acting slow spread replies outcome
    verdict own bench heard told
"""
NAMES = """
    spelled test_values Exchange Track Writing asked said right told fed first Errands heard gone obey orders own OWN bench
    part kept passing whole said_by wanted found take keep left seen written shown beside optimiser
"""
# "name", or "file: name" for one file only, with the reason. Local variables are not checked.
EXCEPTIONS = {
    "first": "the opposite of last or second; only the field of a batch was renamed, to starts_sequence",
    "left": "the opposite of right in the coordinates of a figure",
    "right": "the opposite of left in the coordinates of a figure",
    "core/cli/bench.py: bench": "the file of the command `python -m core bench`",
    "core/experiment/experiment.py: optimiser": "a key of JSON files and links",
    "pages/learn/masks_view.py: beside": "a key of links",
}
BRITISH = re.compile(r"colour|neighbour|behaviour|favour|centre|optimis|initialis|normalis|serialis|summaris", re.IGNORECASE)
NO_VERBS = """
    a an the this that these it its they their there one each every all any some no both either what which who whose whether
    how why where when while if as because so such than not only also at in into on of off to from by for with without within
    around above below between before after beside once here now more less least most new old own
"""


def walk_defined_names(file: str) -> Iterator[tuple[int, str]]:
    """Yield line and name of the module and of every class, function, parameter, attribute, class field and module constant."""
    path = Path(file)
    yield 0, path.parent.name if path.stem == "__init__" else path.stem
    for node in ast.walk(TREES[file]):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr
        if isinstance(node, ast.ClassDef | ast.Module):
            for statement in node.body:
                targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
                yield from ((target.lineno, target.id) for target in targets if isinstance(target, ast.Name))


def list_abandoned_names(*, with_exceptions: bool = False) -> list[tuple[str, int, str]]:
    """Return file, line and name of every definition that has an abandoned name, without or with the exceptions."""
    modules, names = set(MODULES.split()), set(NAMES.split())
    definitions = [(file, line, name.strip("_")) for file in SOURCES for line, name in walk_defined_names(file)]
    return [
        (file, line, name)
        for file, line, name in definitions
        if name in (names if line else modules) and (with_exceptions or not {name, f"{file}: {name}"} & EXCEPTIONS.keys())
    ]


def test_abandoned_names_are_not_used() -> None:
    assert list_abandoned_names() == []


def test_every_exception_is_needed() -> None:
    places = list_abandoned_names(with_exceptions=True)
    used = {name for _file, _line, name in places} | {f"{file}: {name}" for file, _line, name in places}
    assert EXCEPTIONS.keys() <= used


def test_every_class_name_is_unique() -> None:
    files: dict[str, list[str]] = {}
    for file, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                files.setdefault(node.name, []).append(file)
    assert {name: places for name, places in files.items() if len(places) > 1} == {}


def test_few_places_are_not_formatted() -> None:
    marker = re.compile(r"#\s*fmt:\s*(?:skip|off)")
    counts = {file: len(marker.findall(source)) for file, source in SOURCES.items() if file.startswith(("core/", "pages/"))}
    assert sum(counts.values()) <= MAX_UNFORMATTED, Counter(counts).most_common(10)


def test_names_have_american_spelling() -> None:
    names = [(file, line, name) for file in SOURCES for line, name in walk_defined_names(file)]
    assert [place for place in names if BRITISH.search(place[2]) and f"{place[0]}: {place[2]}" not in EXCEPTIONS] == []


def starts_with_verb(docstring: str) -> bool:
    """Return whether the first word can be an imperative: capitalized, not in `NO_VERBS`, not in the third person."""
    word = docstring.split()[0].rstrip(",")
    return re.fullmatch(r"[A-Z][a-z]*([a-rt-z]|ss|us)", word) is not None and word.lower() not in NO_VERBS.split()


def list_unclear_docstrings(tree: ast.Module) -> list[tuple[int, str]]:
    """Return line and docstring of each public function whose docstring does not begin as an imperative sentence does."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    documented = [(node, docstring) for node in functions if (docstring := ast.get_docstring(node))]
    return [
        (node.lineno, docstring)
        for node, docstring in documented
        if not node.name.startswith("_")
        and not (starts_with_verb(docstring) and docstring.split("\n\n")[0].endswith((".", ":")))
    ]


@pytest.mark.parametrize(
    ("docstring", "is_clear"),
    [
        ("Return the rate.", True),
        ("Pass the masks on:\n\nfirst", True),
        ("Discuss, then vote.", True),
        ("Return the rate", False),
        ("Returns the rate.", False),
        ("Whether the run has ended.", False),
        ("The rate.", False),
        ("received: the number.", False),
        ("h = tanh(a).", False),
    ],
)
def test_unclear_docstrings_are_found(docstring: str, is_clear: bool) -> None:
    tree = ast.parse(f"def get_rate():\n    {docstring!r}")
    assert (list_unclear_docstrings(tree) == []) == is_clear


def test_docstrings_of_public_functions_begin_with_a_verb() -> None:
    unclear = {file: list_unclear_docstrings(tree) for file, tree in TREES.items() if file.startswith(("core/", "pages/"))}
    assert {file: places for file, places in unclear.items() if places} == {}
