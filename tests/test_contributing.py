"""What CONTRIBUTING.md and README.md name in backticks is there: files, functions, classes and their members."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("core", "pages", "tests", "deploy", "assets")
NAMED = re.compile(r"`([\w/]+\.(?:py|js|css|md|toml)|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?)`")
FILE = re.compile(r"\.(?:py|js|css|md|toml)$")
# Of other programs and languages.
OTHER = {"streamlit", "torch", "chromium", "RNN", "GRU", "Plotly.react", "tool.importlinter"}


@cache
def list_members() -> dict[str, set[str]]:
    """Return by class name the names of its methods and fields; under "" all names that Python files define."""
    members: dict[str, set[str]] = {"": set()}
    files = [ROOT / "app.py", *(file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py"))]
    for path in (file for file in files if file != Path(__file__)):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        members[""] |= {path.stem} | find_names(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                members.setdefault(node.name, set()).update(find_names(node))
    return members


def find_names(tree: ast.AST) -> set[str]:
    """Return the names of the functions, classes, variables, arguments and attributes that are defined in a syntax tree, and
    its texts of one word: the names of sites, methods, options and events."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            names.add(node.attr)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names |= {node.value} if node.value.isidentifier() else set()
    return names


def is_there(name: str) -> bool:
    """Return whether a file, or a name that a Python file defines, is there."""
    if "NAME" in name:  # of a file to be added
        return True
    if FILE.search(name):
        return (ROOT / name).is_file() or ("/" not in name and any(ROOT.rglob(name)))
    members, (owner, _dot, member) = list_members(), name.rpartition(".")
    if owner in members and owner:
        return member in members[owner]
    return name in OTHER or member in members[""] or f"function {member}(" in read_scripts()


@cache
def read_scripts() -> str:
    """Return the source of all components of the browser."""
    return "".join(path.read_text(encoding="utf-8") for path in (ROOT / "assets/components").glob("*.js"))


@pytest.mark.parametrize("document", ["CONTRIBUTING.md", "README.md"])
def test_what_is_named_is_there(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    named = set(NAMED.findall(text))
    assert len(named) > 10
    assert not sorted(name for name in named if not is_there(name))


@pytest.mark.parametrize("name", ["Run.message", "_new", "render_barcodes", "core/runs/errands.py", "Pool.errands"])
def test_what_was_renamed_is_not_there(name: str) -> None:
    assert not is_there(name)
