"""Invariants of the source code: imports, randomness, translated texts, and no outside hosts.

What a process loads is tested in test_processes.py.
"""

import ast
import gettext
import re
from collections.abc import Callable, Iterator
from contextvars import copy_context
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import pytest

from core import i18n
from core.analysis.path_counts import count_corruption, list_crossings
from core.cli.main import main
from core.dropout.methods import METHODS, get_method
from core.dropout.placement import Dropout, Placement
from core.errors import Invalid
from core.experiment.batches import draw_update_masks
from core.experiment.experiment import build_experiment
from core.experiment.serialization import from_json, from_plain, from_query
from core.figures.change_marks import ChangeMark
from core.figures.loss_curves import plot_loss_curves
from core.figures.mask_heatmap import describe_mask, plot_mask_heatmap
from core.figures.run_summary import RunCurve, describe_runs
from core.figures.theme import LIGHT
from core.training.events import make_record, validate_command

T = TypeVar("T")
ROOT = Path(__file__).parents[1]
CORE = sorted((ROOT / "core").rglob("*.py"))
PAGES = [ROOT / "app.py", *sorted((ROOT / "pages").rglob("*.py"))]
# Only these files of core import torch, whichever process loads them.
TORCH_FILES = re.compile(
    r"(nn|training|benchmark)/|analysis/(sensitivity|update_recorder)\.py|cli/bench\.py|runs/(worker|\w+_process)\.py"
)
RANDOM_FILES = re.compile(
    r"tasks/|dropout/masks\.py|nn/(network|numpy_init)\.py|training/sampling\.py|results/mean_test\.py|"
    r"benchmark/(arrays|floor|keras)\.py"
)
TRANSLATORS = {"_", "N_", "ngettext"}
# Prose is two words, or one word with a capital letter; not CSS, HTML, SQL or the title of a paper.
PROSE = re.compile(r"(?<![-\w])[A-Za-z]{2,},? [a-z]{2,}(?![-\w])|^[A-Z][a-z]+\b(?!\.)")
NOT_PROSE = re.compile(r"[<{;]|--|20\d\d|\b(?:PRAGMA|CREATE|SELECT|FROM|INSERT|UPDATE|BEGIN)\b")
# The app's name, a command, lists of sites, messages of torch about too little memory, the first words of a component.
NOT_TRANSLATED = {
    "Dropout Through Time",
    "python -m core record",
    "input between output",
    "between output",
    "input between state",
    "input between output state",
    "input between whole_state",
    "input between output whole_state",
    "out of memory",
    "allocate memory",
    "export default function (",
    "middle right",
}
HOST = re.compile(r"""(?:https?:)?//[\w.-]+\.\w+""")
NAMESPACES = {"http://www.w3.org"}
LINKS = {"https://arxiv.org", "https://doi.org"}  # that a reader may follow; nothing is loaded from there


def format_path(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def list_imports(path: Path) -> set[str]:
    """Return the top-level packages that a file imports, also inside of functions."""
    nodes = list(ast.walk(parse(path)))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return {module.split(".")[0] for module in plain | {n.module or "" for n in nodes if isinstance(n, ast.ImportFrom)}}


def get_called_name(node: ast.AST) -> str:
    """Return the name of the function that a call calls, or "" for any other node."""
    function = node.func if isinstance(node, ast.Call) else None
    return getattr(function, "id", getattr(function, "attr", ""))


@pytest.mark.parametrize("path", CORE, ids=format_path)
def test_who_imports_what_in_the_core(path: Path) -> None:
    inside = path.relative_to(ROOT / "core").as_posix()
    assert "streamlit" not in list_imports(path)
    assert "pages" not in list_imports(path)
    assert TORCH_FILES.match(inside) or "torch" not in list_imports(path)


@pytest.mark.parametrize("path", PAGES, ids=format_path)
def test_pages_hold_no_torch_and_no_numpy(path: Path) -> None:
    assert not list_imports(path) & {"torch", "numpy"}


@pytest.mark.parametrize("path", [*CORE, *PAGES], ids=format_path)
def test_randomness_has_its_places(path: Path) -> None:
    """Only masks, initial weights, data, sampled text, the bootstrap and the inputs of the benchmark are random."""
    words = {node.attr for node in ast.walk(parse(path)) if isinstance(node, ast.Attribute)} | list_imports(path)
    drawing = words & {"random", "default_rng", "rand", "randn", "randint", "manual_seed", "bernoulli", "dropout_", "secrets"}
    assert not drawing or RANDOM_FILES.match(path.relative_to(ROOT / "core").as_posix())


CLASSES = {node.name for path in [*CORE, *PAGES] for node in ast.walk(parse(path)) if isinstance(node, ast.ClassDef)}


def walk_with_ancestors(path: Path) -> Iterator[tuple[ast.AST, list[ast.AST]]]:
    """Yield every node with its ancestors."""

    def below(node: ast.AST, above: list[ast.AST]) -> Iterator[tuple[ast.AST, list[ast.AST]]]:
        yield node, above
        for child in ast.iter_child_nodes(node):
            yield from below(child, [*above, node])

    return below(parse(path), [])


# The strings of core/export are code for a file; only the comments in it are translated.
@pytest.mark.parametrize("path", [path for path in [*CORE, *PAGES] if "export" not in path.parts], ids=format_path)
def test_every_sentence_is_handed_to_the_translation(path: Path) -> None:
    """Strings that look like prose are arguments of _(…) or N_(…)."""
    missed = [
        node.value
        for node, above in walk_with_ancestors(path)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and PROSE.search(node.value)
        # Docstrings and class names are not texts of the app.
        and not isinstance(above[-1], ast.Expr)
        and node.value not in CLASSES
        and not TRANSLATORS & {get_called_name(one) for one in above}
        and not NOT_PROSE.search(node.value)
    ]
    assert set(missed) <= NOT_TRANSLATED


@pytest.mark.parametrize("path", CORE, ids=format_path)
def test_every_error_is_a_translated_sentence(path: Path) -> None:
    for node in ast.walk(parse(path)):
        if get_called_name(node) == "Invalid":
            assert isinstance(node, ast.Call)
            assert node.args, f"line {node.lineno}"
            first = node.args[0]
            of_text = {get_called_name(part) for part in ast.walk(first)}
            assert "_" in of_text, f"line {node.lineno}"


class Brackets(gettext.NullTranslations):
    """A language in which every text is enclosed in brackets."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, one: str, many: str, n: int) -> str:
        return self.gettext(one if n == 1 else many)


def run_in_brackets(make: Callable[[], T]) -> T:
    """Return the result of `make` in the language of brackets, which does not remain in use."""

    def run() -> T:
        i18n.set_language(Brackets())
        return make()

    return copy_context().run(run)


ERRORS: list[Callable[[], object]] = [
    lambda: get_method("x"),
    lambda: build_experiment("x"),
    lambda: build_experiment("language-model", {"lag": 1}),
    lambda: build_experiment(layers=9),
    lambda: build_experiment(hidden=(1, 2, 3)),
    lambda: build_experiment(learning_rate=-1),
    lambda: build_experiment(cell="abacus"),
    lambda: build_experiment(hidden=1500, batch=256, steps=256),
    lambda: build_experiment("delayed-recall", {"lag": 25}, steps=3),
    lambda: Placement.from_sites({"x": Dropout(0.5)}),
    lambda: Placement.from_sites({"cell": Dropout(2)}),
    lambda: Placement.from_sites({"cell": Dropout(0.5, time="never")}),
    lambda: Placement.from_sites({"cell": Dropout(0.5, gates="separate")}),
    lambda: from_json("{"),
    lambda: from_json("[]"),
    lambda: from_plain({"version": 3}),
    lambda: from_plain({"wheels": 3}),
    lambda: from_plain({"placement": 3}),
    lambda: from_plain({"placement": {"cell": 3}}),
    lambda: from_query({"layers": "x"}),
    lambda: from_query({"p_cell": "0.5~x"}),
    lambda: count_corruption(Placement(), 99, 1),
    lambda: list_crossings(Placement(), 1, (0,), "cell"),
    lambda: list_crossings(Placement(), 1, (0, 1), "x"),
    lambda: validate_command({"command": "x"}),
]


@pytest.mark.parametrize("wrong", ERRORS)
def test_errors_speak_the_language_in_use(wrong: Callable[[], object]) -> None:
    with pytest.raises(Invalid, match=r"^⟦.*⟧$"):
        run_in_brackets(wrong)
    with pytest.raises(Invalid, match=r"^[^⟦⟧]*$"):
        wrong()


def list_figure_texts(figure: Any) -> Iterator[str]:
    """Yield the titles, names, labels and hover texts of a Plotly figure."""
    if isinstance(figure, dict):
        for key, value in figure.items():
            if key in ("text", "name", "hovertemplate") and isinstance(value, str):
                yield value
            yield from list_figure_texts(value)
    elif isinstance(figure, list | tuple):
        for part in figure:
            yield from list_figure_texts(part)


def test_figures_speak_the_language_in_use() -> None:
    evaluated = {"train_loss_clean": 1.0, "val_loss": 2.0, "val": {"perplexity": 7.4}}
    records = [make_record(n, n / 2, 2.0, evaluated if n % 2 == 0 else None) for n in range(9)]
    e = build_experiment(placement=METHODS["gal2016"].build_placement())
    mask = draw_update_masks(e, 1)["state.1"]

    def make_texts() -> list[str]:
        run = RunCurve("id", "1", records, [ChangeMark(1.0, "2")], epochs=5)
        figures = [
            plot_loss_curves([run], LIGHT, "3"),
            plot_loss_curves([], LIGHT, "3"),
            plot_mask_heatmap(mask, 0, (e.steps, 128), LIGHT),
        ]
        return [
            *list_figure_texts(figures),
            describe_runs([run]),
            describe_runs([]),
            describe_mask(mask, 0, (e.steps, 128), "4"),
        ]

    texts = [text for text in run_in_brackets(make_texts) if re.search("[a-z]{3}", re.sub("<.*?>|%{.*?}", "", text))]
    assert len(texts) > 8
    assert [text for text in texts if "⟦" not in text] == []


def test_the_command_line_speaks_the_language_in_use(capsys: pytest.CaptureFixture[str]) -> None:
    def run_command(*arguments: str) -> str:
        run_in_brackets(lambda: main(arguments))
        return "".join(capsys.readouterr())

    assert "⟦" in run_command("path", "--method", "gal2016", "--layers", "2", "--distance", "3")
    assert all("⟦" in line for line in run_command("methods").splitlines())
    assert "⟦" in run_command("train", "--rate", "2")
    assert "⟦" in run_command("train", "--layers", "x")
    helped = run_command("train", "--help")
    assert {"⟦one of", "⟦train a small"} <= set(re.findall(r"⟦(?:one of|train a small)", helped))


def test_the_language_of_one_thread_is_its_own() -> None:
    assert run_in_brackets(lambda: i18n._("text")) == "⟦text⟧"
    assert i18n._("text") == "text"
    i18n.set_language("xx-YY")
    assert i18n._("text") == "text"


SERVED_FILES = [
    *sorted((ROOT / "assets" / "components").iterdir()),
    *PAGES,
    *sorted((ROOT / ".streamlit").iterdir()),
    *(path for path in CORE if "figures" in path.parts),
]


@pytest.mark.parametrize("path", SERVED_FILES, ids=format_path)
def test_the_page_names_no_outside_host(path: Path) -> None:
    assert set(HOST.findall(path.read_text(encoding="utf-8"))) <= NAMESPACES | LINKS


def test_no_script_lies_directly_in_pages() -> None:
    """Streamlit would serve it past app.py."""
    assert [path.name for path in (ROOT / "pages").glob("*.py")] in ([], ["__init__.py"])
