"""What the app is built to show, at the tasks' own budgets, as a user would run it. Slow: `pytest -m slow` runs these.

Each is a run of the command line; compared are only numbers that the runs themselves report.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
LONGEST = 600
pytestmark = [pytest.mark.slow, pytest.mark.parametrize("seed", [7, 8, 9])]


def trained(task: str, seed: int, *arguments: str) -> list[dict[str, Any]]:
    """The events of a run."""
    command = [sys.executable, "-m", "core", "train", "--task", task, "--seed", str(seed), "--json", *arguments]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LONGEST, check=True)
    return [json.loads(line) for line in ended.stdout.splitlines()]


def perplexities(seed: int, method: str) -> list[float]:
    """Of the validation part, at each evaluation."""
    events = trained("language-model", seed, "--method", method)
    return [event["val"]["perplexity"] for event in events if event["event"] == "record" and event["val"]]


def test_a_mask_on_the_way_up_spares_memory_and_one_on_the_cell_kills_it(seed: int) -> None:
    accuracy = {
        method: trained("delayed-recall", seed, "--option", "lag=25", "--method", method, "--rate", "0.25")[-1]["test"][
            "accuracy"
        ]
        for method in ("zaremba2014", "naive-cell")
    }
    assert accuracy["zaremba2014"] > 0.95
    assert accuracy["naive-cell"] < 0.3


def test_without_dropout_the_language_model_overfits_and_with_it_it_does_not(seed: int) -> None:
    none, zaremba = perplexities(seed, "none"), perplexities(seed, "zaremba2014")
    assert none[-1] >= 1.15 * min(none)
    assert zaremba[-1] <= 1.05 * min(zaremba)
    assert min(zaremba) < min(none)
