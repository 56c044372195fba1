"""What holds for the whole of the code, read from its sources: who may import what, where randomness is, that texts are
translated, and that nothing is loaded from elsewhere. What gets loaded in a process is in test_processes.py."""

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
from core.analysis.path_counts import corruption, crossings
from core.cli.main import main
from core.dropout.methods import METHODS, method
from core.dropout.placement import Dropout, Placement
from core.errors import Invalid
from core.experiment.batches import draw_update_masks
from core.experiment.experiment import build_experiment
from core.experiment.serialization import from_json, from_plain, from_query
from core.figures.change_marks import Mark
from core.figures.curves import curves
from core.figures.mask_heatmap import describe_mask, mask_heatmap
from core.figures.run_summary import RunCurve, describe
from core.figures.theme import LIGHT
from core.training.events import make_record, validate_command

T = TypeVar("T")
ROOT = Path(__file__).parents[1]
CORE = sorted((ROOT / "core").rglob("*.py"))
PAGES = [ROOT / "app.py", *sorted((ROOT / "pages").rglob("*.py"))]
TRAINS = {
    "model.py",
    "objective.py",
    "training.py",
    "recurrence/engine.py",
    "recurrence/tangent.py",
    "runs/worker.py",
    "commandline/bench.py",
    "measure.py",
    "weights.py",
    "snapshot.py",
    "answers.py",
    "decoding.py",
    "optimiser.py",
    "checkpoint.py",
    "sampling.py",
    *(f"recurrence/bptt/{name}.py" for name in ("arrays", "gates", "below", "past", "varying", "zoneout", "layer")),
    *(f"recurrence/bptt/{name}.py" for name in ("lstm", "gru", "rnn")),
    *(f"bench/{name}.py" for name in ("arrays", "clock", "floor", "loop", "table")),
}
RANDOM = {
    "dropout/draw.py",
    "model.py",
    "initial.py",
    "sampling.py",
    "bench/arrays.py",
    "bench/floor.py",
    "bench/keras.py",
    *(f"tasks/{file.name}" for file in (ROOT / "core/tasks").iterdir()),
}
TRANSLATED = {"_", "N_", "ngettext"}
# What a person would read: two words, or one with a capital letter. Not CSS and HTML, nor papers' own titles.
PROSE = re.compile(r"(?<![-\w])[A-Za-z]{2,},? [a-z]{2,}(?![-\w])|^[A-Z][a-z]+\b(?!\.)")
NO_TEXT = re.compile(r"[<{;]|--|20\d\d")
# The app's name, a command, lists of sites, and what torch says of too little memory.
NOT_TRANSLATED = {
    "Dropout Through Time",
    "python -m core record",
    "input between output",
    "between output",
    "input between state",
    "input between output state",
    "out of memory",
    "allocate memory",
}
OUTSIDE = re.compile(r"""(?:https?:)?//[\w.-]+\.\w+""")
NAMESPACES = {"http://www.w3.org"}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports(path: Path) -> set[str]:
    """The top-level packages that a file imports, at whatever place."""
    nodes = list(ast.walk(tree(path)))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return {module.split(".")[0] for module in plain | {n.module or "" for n in nodes if isinstance(n, ast.ImportFrom)}}


def called(node: ast.AST) -> str:
    """The name of the function that a call calls; else nothing."""
    function = node.func if isinstance(node, ast.Call) else None
    return getattr(function, "id", getattr(function, "attr", ""))


@pytest.mark.parametrize("path", CORE, ids=name)
def test_who_imports_what_in_the_core(path: Path) -> None:
    inside = path.relative_to(ROOT / "core").as_posix()
    assert "streamlit" not in imports(path)
    assert "pages" not in imports(path)
    assert inside in TRAINS or "torch" not in imports(path)


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_pages_hold_no_torch_and_no_numpy(path: Path) -> None:
    assert not imports(path) & {"torch", "numpy"}


@pytest.mark.parametrize("path", [*CORE, *PAGES], ids=name)
def test_randomness_has_its_places(path: Path) -> None:
    """Masks come from draw.py, initial weights from model.py and initial.py, data from the tasks,
    text from sampling.py; nothing else is drawn."""
    words = {node.attr for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute)} | imports(path)
    drawing = words & {"random", "default_rng", "rand", "randn", "randint", "manual_seed", "bernoulli", "dropout_", "secrets"}
    assert not drawing or path.relative_to(ROOT / "core").as_posix() in RANDOM


CLASSES = {node.name for path in [*CORE, *PAGES] for node in ast.walk(tree(path)) if isinstance(node, ast.ClassDef)}


def sources(path: Path) -> Iterator[tuple[ast.AST, list[ast.AST]]]:
    """Every node with those above it."""

    def below(node: ast.AST, above: list[ast.AST]) -> Iterator[tuple[ast.AST, list[ast.AST]]]:
        yield node, above
        for child in ast.iter_child_nodes(node):
            yield from below(child, [*above, node])

    return below(tree(path), [])


# The texts of core/script are code, for a file and not for the page; its comments are translated.
@pytest.mark.parametrize("path", [path for path in [*CORE, *PAGES] if "script" not in path.parts], ids=name)
def test_every_sentence_is_handed_to_the_translation(path: Path) -> None:
    """Strings that read like texts stand within _(…) or N_(…)."""
    missed = [
        node.value
        for node, above in sources(path)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and PROSE.search(node.value)
        # Docstrings and the names of types are no texts of the app.
        and not isinstance(above[-1], ast.Expr)
        and node.value not in CLASSES
        and not TRANSLATED & {called(one) for one in above}
        and not NO_TEXT.search(node.value)
    ]
    assert set(missed) <= NOT_TRANSLATED


@pytest.mark.parametrize("path", CORE, ids=name)
def test_every_error_is_a_translated_sentence(path: Path) -> None:
    for node in ast.walk(tree(path)):
        if called(node) == "Invalid":
            assert isinstance(node, ast.Call)
            assert node.args, f"line {node.lineno}"
            first = node.args[0]
            of_text = {called(part) for part in ast.walk(first)}
            assert "_" in of_text, f"line {node.lineno}"


class Brackets(gettext.NullTranslations):
    """A language in which every text stands in brackets."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, one: str, many: str, n: int) -> str:
        return self.gettext(one if n == 1 else many)


def in_brackets(make: Callable[[], T]) -> T:
    """What is made while that language is in use; afterwards it is not."""

    def made() -> T:
        i18n.use(Brackets())
        return make()

    return copy_context().run(made)


ERRORS: list[Callable[[], object]] = [
    lambda: method("x"),
    lambda: build_experiment("x"),
    lambda: build_experiment("language-model", {"lag": 1}),
    lambda: build_experiment(layers=9),
    lambda: build_experiment(hidden=(1, 2, 3)),
    lambda: build_experiment(learning_rate=-1),
    lambda: build_experiment(cell="abacus"),
    lambda: build_experiment(hidden=1500, batch=256, steps=256),
    lambda: build_experiment("delayed-recall", {"lag": 25}, steps=3),
    lambda: Placement.of({"x": Dropout(0.5)}),
    lambda: Placement.of({"cell": Dropout(2)}),
    lambda: Placement.of({"cell": Dropout(0.5, time="never")}),
    lambda: Placement.of({"cell": Dropout(0.5, gates="separate")}),
    lambda: from_json("{"),
    lambda: from_json("[]"),
    lambda: from_plain({"version": 3}),
    lambda: from_plain({"wheels": 3}),
    lambda: from_plain({"placement": 3}),
    lambda: from_plain({"placement": {"cell": 3}}),
    lambda: from_query({"layers": "x"}),
    lambda: from_query({"p_cell": "0.5~x"}),
    lambda: corruption(Placement(), 99, 1),
    lambda: crossings(Placement(), 1, (0,), "cell"),
    lambda: crossings(Placement(), 1, (0, 1), "x"),
    lambda: validate_command({"command": "x"}),
]


@pytest.mark.parametrize("wrong", ERRORS)
def test_errors_speak_the_language_in_use(wrong: Callable[[], object]) -> None:
    with pytest.raises(Invalid, match=r"^⟦.*⟧$"):
        in_brackets(wrong)
    with pytest.raises(Invalid, match=r"^[^⟦⟧]*$"):
        wrong()


def texts_of(figure: Any) -> Iterator[str]:
    """What a Plotly figure writes: titles, names, labels, hover texts."""
    if isinstance(figure, dict):
        for key, value in figure.items():
            if key in ("text", "name", "hovertemplate") and isinstance(value, str):
                yield value
            yield from texts_of(value)
    elif isinstance(figure, list | tuple):
        for part in figure:
            yield from texts_of(part)


def test_figures_speak_the_language_in_use() -> None:
    evaluated = {"train_loss_clean": 1.0, "val_loss": 2.0, "val": {"perplexity": 7.4}}
    records = [make_record(n, n / 2, 2.0, evaluated if n % 2 == 0 else None) for n in range(9)]
    e = build_experiment(placement=METHODS["gal2016"].placement())
    mask = draw_update_masks(e, 1)["state.1"]

    def everything() -> list[str]:
        run = RunCurve("id", "1", records, [Mark(1.0, "2")], epochs=5)
        figures = [curves([run], LIGHT, "3"), curves([], LIGHT, "3"), mask_heatmap(mask, 0, (e.steps, 128), LIGHT)]
        return [*texts_of(figures), describe([run]), describe([]), describe_mask(mask, 0, (e.steps, 128), "4")]

    written = [text for text in in_brackets(everything) if re.search("[a-z]{3}", re.sub("<.*?>|%{.*?}", "", text))]
    assert len(written) > 8
    assert [text for text in written if "⟦" not in text] == []


def test_the_command_line_speaks_the_language_in_use(capsys: pytest.CaptureFixture[str]) -> None:
    def said(*arguments: str) -> str:
        in_brackets(lambda: main(arguments))
        return "".join(capsys.readouterr())

    assert "⟦" in said("path", "--method", "gal2016", "--layers", "2", "--distance", "3")
    assert all("⟦" in line for line in said("methods").splitlines())
    assert "⟦" in said("train", "--rate", "2")
    assert "⟦" in said("train", "--layers", "x")
    helped = said("train", "--help")
    assert {"⟦one of", "⟦train a small"} <= set(re.findall(r"⟦(?:one of|train a small)", helped))


def test_the_language_of_one_thread_is_its_own() -> None:
    assert in_brackets(lambda: i18n._("text")) == "⟦text⟧"
    assert i18n._("text") == "text"
    i18n.use("xx-YY")
    assert i18n._("text") == "text"


SERVED = [
    *sorted((ROOT / "assets" / "components").iterdir()),
    *PAGES,
    *sorted((ROOT / ".streamlit").iterdir()),
    *(path for path in CORE if "figures" in path.parts),
]


@pytest.mark.parametrize("path", SERVED, ids=name)
def test_the_page_names_no_outside_host(path: Path) -> None:
    assert set(OUTSIDE.findall(path.read_text(encoding="utf-8"))) <= NAMESPACES


def test_no_script_lies_directly_in_pages() -> None:
    """Streamlit would serve it past app.py."""
    assert [path.name for path in (ROOT / "pages").glob("*.py")] in ([], ["__init__.py"])
