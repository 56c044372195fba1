"""The papers' tables, in the terminal and on their page. Oracles: the papers' figures, the recipes, and the codec for links."""

import argparse
import html
import json
import math
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest

from core.cli.main import COMMANDS, main
from core.cli.train import build_from_arguments as experiment_of
from core.dropout.methods import METHODS
from core.dropout.published_results import PUBLISHED_RESULTS
from core.experiment.recipes import RECIPES, build_recipe_experiment
from core.experiment.serialization import from_query
from core.results import paper_tables, recipe_runs, seed_runs, seed_table
from core.results.measured_runs import MeasuredRun, load_runs
from tests.app_pages import read_components

ROOT = Path(__file__).parents[1]
RUN = MeasuredRun("", "perplexity", 90.04, 88.06, 700.0, 10, 20, 15, 25, "", "a machine", 0.5, "2", "2026-01-01", "abc", 80.0)


def test_what_a_recipe_gave_stands_beside_what_the_paper_reports(capsys: pytest.CaptureFixture[str]) -> None:
    recipe = RECIPES["gal2016-untied-medium"]
    drops, without = recipe_runs.list_recipe_arguments(recipe)
    runs = [replace(RUN, arguments=drops), replace(RUN, arguments=without, failed="ran away", validation=None, test=None)]
    (row,) = (row for row in paper_tables.build_rows(runs) if row[0] == recipe.label)
    assert all(found.value in row[1] for found in recipe.reported)
    assert row[3] == "90 / 88.1 (perplexity; with masks on 80; 700 without a network; 25 s of processor time)"
    assert row[2] == "–", "not trained whole"
    assert row[4] == "– (ran away)"
    for value, says in (
        (95.0, "claim confirmed in one run"),
        (89.0, "claim undecided in one run"),
        (80.0, "claim contradicted at this size in one run"),
    ):
        one, _other = paper_tables.describe_measured(
            recipe, [runs[0], replace(RUN, arguments=without, validation=value, test=value)]
        )
        assert one
        assert one.note.endswith(says)
    assert "2 × 65 units, 44800 words" in row[5], "the text has no more"
    assert recipe_runs.list_recipe_arguments(RECIPES["zaremba2014-small"]) == ["--recipe zaremba2014-small --scale 0.1"]
    assert main(["tables", "--recipe", "nonsense"]) == 2
    assert main(["tables"]) == 0
    assert "120.7 / 114.5" in capsys.readouterr().out


@pytest.mark.parametrize("name", RECIPES)
def test_the_command_as_published_asks_for_the_recipe_on_the_whole_text(name: str) -> None:
    arguments, parser = paper_tables.format_full_command(RECIPES[name]).split()[4:], argparse.ArgumentParser()
    COMMANDS["train"].add_arguments(parser)
    assert experiment_of(parser.parse_args(arguments)) == build_recipe_experiment(RECIPES[name], 1, {"corpus": "PTB"})


def test_all_runs_that_are_kept_are_runs_of_the_recipes() -> None:
    assert {run.arguments for run in load_runs(recipe_runs.FILE)} <= set(recipe_runs.list_arguments(RECIPES))


def test_one_of_the_four_tasks_stands_there_as_soon_as_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper_tables, "TASKS", {"speech": 1, "captions": 1, "parity": 1})
    assert [(kind.task, [row.value for row in kind.reported]) for kind in paper_tables.list_paper_tasks([])] == [
        ("speech", ["71.6 / 68.9 → 69.4 / 70.5"]),
        ("captions", ["23.5 → 24.3"]),
    ]


DETAILS = ("setup-numbers", "four-numbers", "seed-numbers", "other-numbers")


def open_page(*details: str) -> AppTest:
    """Return the page; details: the keys of the expanders that are open."""
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    for key in details:
        page.session_state[key] = True
    page.switch_page("pages/reference/papers.py").run()
    assert [error.value for error in page.exception] == []
    return page


def test_charts_come_first_and_numbers_on_demand() -> None:
    page = open_page()
    charts = [json.loads(data["figure"]) for data in read_components(page)["live_chart"]]
    assert len(charts) == 6
    assert all(
        chart["data"] and data["sentence"] for chart, data in zip(charts, read_components(page)["live_chart"], strict=True)
    )
    assert not page.code
    assert not any("<table>" in one.proto.body for one in page.get("html"))
    assert sum(chart["layout"]["height"] for chart in charts[::2]) < 1500, "pixels of all charts where two stand side by side"


def test_the_page() -> None:
    page = open_page(*DETAILS)
    tables = [one.proto.body for one in page.get("html") if "<table>" in one.proto.body]
    text = html.unescape("\n".join(tables))
    for row in PUBLISHED_RESULTS:
        there = row.dataset not in paper_tables.PAPER_TASKS.values() or any(
            kind.data == row.dataset for kind in paper_tables.list_paper_tasks([])
        )
        assert (row.value in text) == there
    footnotes = "\n".join(re.sub(r"\\(.)", r"\1", one.value) for one in page.caption)
    for recipe in RECIPES.values():
        assert all((sentence in text) != (f" {sentence}" in footnotes) for sentence in recipe.differs), "said once"
        assert recipe.unconfirmed in text
        assert any(paper_tables.format_full_command(recipe) in code.value for code in page.code)
    seen = re.sub(r"</?span>", "", text)
    for name, *cells in (
        *seed_table.build_rows(load_runs(seed_runs.FILE)),
        *seed_table.build_difference_rows(load_runs(seed_runs.FILE)),
    ):
        assert name in seen
        assert all(part in seen for cell in cells for part in cell.split("; "))
    links = [
        from_query(dict(parse_qsl(html.unescape(query))))
        for one in page.get("html")
        for query in re.findall(r'href="./lab\?([^"]*)"', one.proto.body)
    ]
    small = [replace(build_recipe_experiment(recipe, recipe_runs.SCALE), windows="equal") for recipe in RECIPES.values()]
    assert [one for one in links if one in small] == small
    for task in paper_tables.PAPER_TASKS:
        none, milder, usual = (one for one in links[len(links) - 3 * len(paper_tables.PAPER_TASKS) :] if one.task == task)
        assert none.placement == METHODS["none"].build_placement()
        assert (milder.placement, usual.placement) == tuple(
            METHODS["zaremba2014"].build_placement(rate) for rate in (0.25, None)
        )


def test_the_run_of_the_whole_treebank_stands_beside_the_published_one() -> None:
    """Oracle: the figures that the run printed, in assets/measured/README.md."""
    (row,) = (row for row in paper_tables.build_rows([]) if row[0] == RECIPES["zaremba2014-small"].label)
    assert row[1].startswith("120.7 / 114.5")
    assert row[2].startswith("120.3 / 114.9 (perplexity; 119.6 at its best, epoch 6; 1.0 hours by the clock; 2026-11-27")
    page = open_page("setup-numbers")
    assert any("120.3 / 114.9" in one.proto.body for one in page.get("html"))


def test_of_the_four_tasks_the_perplexity_is_told_beside_the_metric() -> None:
    made = [
        replace(
            RUN,
            arguments=seed_runs.format_arguments("speech", column, seed),
            metric="accuracy",
            validation=0.8,
            test=0.7,
            loss=math.log(3 if column == "none" else 2),
            test_loss=math.log(4 + seed / 100),
        )
        for seed in seed_runs.SEEDS
        for column in ("none", "zaremba2014")
    ]
    (kind,) = (kind for kind in paper_tables.list_paper_tasks(made) if kind.task == "speech")
    none, usual = kind.describe_column("none"), kind.describe_column("zaremba2014")
    assert none
    assert usual
    assert (none.value, none.note) == ("80.0 ± 0.0 % / 70.0 ± 0.0 %", "accuracy; perplexity 3.0 ± 0.0 / 4.090 ± 0.020")
    assert usual.note == "accuracy: equal / equal; perplexity 2.0 ± 0.0 / 4.090 ± 0.020: better / undecided"
    assert kind.describe_column("zaremba2014 at .25") is None
