"""The generated answers.

Oracles: the arrays of the same evaluation, the sources of pictures and numbers, and the definition of the edit distance.
"""

import re
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits

import core.training.evaluation
from core.experiment.batches import load_data
from core.experiment.experiment import Experiment, build_experiment
from core.figures.generated_answers import Parts, align_parts, build_answers, describe_answers, render_answers
from core.figures.theme import DARK, LIGHT
from core.tasks.captions import DIGIT_NAMES
from core.tasks.metrics import compute_metrics
from core.tasks.prediction_summary import MAX_ANSWERS
from core.tasks.translation import split_pairs
from core.training.trainer import train

LETTERS = st.lists(st.sampled_from("abc"), max_size=6).map(tuple)


class AnswerListParser(HTMLParser):
    """Collects of each list item its text, the underlined parts and the labels of pictures and signs."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.items: list[dict[str, Any]] = []
        self.under = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "li":
            self.items.append({"text": "", "under": [], "named": []})
        if (name := dict(attrs).get("aria-label")) and self.items:
            self.items[-1]["named"].append(name)
        self.under = tag == "u"

    def handle_endtag(self, tag: str) -> None:
        self.under = False
        if tag == "p":
            self.items[-1]["text"] += "|"

    def handle_data(self, data: str) -> None:
        if self.items:
            self.items[-1]["text"] += data
            self.items[-1]["under"] += [data] if self.under else []


def build_small(task: str, **more: Any) -> Experiment:
    return build_experiment(task, hidden=6, layers=1, epochs=1, device="cpu", **more)


@pytest.mark.parametrize(("task", "batch"), [("captions", 7), ("translation", 20)])
def test_a_record_has_the_first_rows_that_the_metrics_saw(monkeypatch: pytest.MonkeyPatch, task: str, batch: int) -> None:
    calls = []

    def measure_and_store(names: Any, loss: float, predicted: Any, right: Any, data: Any) -> dict[str, float]:
        metrics = compute_metrics(names, loss, predicted, right, data)
        calls.append((predicted, right, metrics))
        return metrics

    monkeypatch.setattr(core.training.evaluation, "compute_metrics", measure_and_store)
    e = build_small(task, batch=batch)
    records = [event for event in train(e) if event["event"] == "record" and event["val"]]
    of_validation = [one for one in calls if one[2]][: len(records)]
    for record, (predicted, right, metrics) in zip(records, of_validation, strict=True):
        assert record["val"] == metrics
        assert record["replies"] == [[int(n) for n in row if n >= 0] for row in predicted[:MAX_ANSWERS]]
        shown = build_answers(load_data(e), record["replies"])
        assert [one.is_correct for one in shown] == (predicted == right).all(axis=1)[:MAX_ANSWERS].tolist()
        names = load_data(e).class_names
        assert [one.target for one in shown] == [tuple(names[n] for n in row if n > 0) for row in right[:MAX_ANSWERS]]
        for one, row in zip(shown, predicted[:MAX_ANSWERS], strict=True):
            assert one.prediction == (*(names[n] for n in row if n > 0), *([] if 0 in row else ["…"]))


@cache
def load_answers(task: str) -> Any:
    return build_answers(load_data(build_small(task)), [])


def test_what_is_asked_is_the_picture_of_the_name_and_the_english_of_the_french() -> None:
    images = load_digits()
    for one in load_answers("captions"):
        (metrics,) = np.flatnonzero((images.images == np.asarray(one.prompt) * 16).all(axis=(1, 2)))
        assert "".join(one.target) == DIGIT_NAMES[images.target[metrics]]
    dealt = split_pairs(200, 7)["validation"][:MAX_ANSWERS]
    assert [(one.prompt, one.target) for one in load_answers("translation")] == [(" ".join(en), fr) for en, fr in dealt]
    assert all(one.prediction is None for task in ("captions", "translation") for one in load_answers(task))
    assert len(load_answers("captions")) == len(load_answers("translation")) == MAX_ANSWERS


def test_a_picture_is_drawn_pixel_by_pixel() -> None:
    one = load_answers("captions")[0]
    html = render_answers([one], "", DARK)
    drawn = np.zeros((8, 8))
    for path, opacity in re.findall(r'<path d="([^"]+)" fill-opacity="([^"]+)"', html):
        for x, y in re.findall(r"M(\d) (\d)h1v1h-1z", path):
            drawn[int(y), int(x)] = opacity
    assert drawn == pytest.approx(np.asarray(one.prompt), abs=0.006)
    assert AnswerListParser(html).items[0]["named"] == [f"a picture of “{''.join(one.target)}”"]
    assert DARK.ink in html


def test_right_and_wrong_are_said_in_signs_and_words() -> None:
    data = load_data(build_small("captions"))
    letters = {name: n for n, name in enumerate(data.class_names)}
    right = [[letters[part] for part in one.target] + [0] for one in load_answers("captions")]
    wrong = [right[0], [0], right[2][:-1], [letters[part] for part in "fine"] + [0], *right[4:]]
    shown = build_answers(data, wrong)
    names = ["".join(one.target) for one in shown]
    items = AnswerListParser(render_answers(shown, "", LIGHT)).items
    assert [item["named"][1] for item in items] == ["right", "wrong", "wrong", "wrong", *["right"] * 4]
    assert items[0]["text"] == f"✓ {names[0]}|"
    assert items[1]["text"] == f"✗ nothing|right: {names[1]}|"
    assert items[2]["text"] == f"✗ {names[2]}…|right: {names[2]}|", "a name without its end is not the name"
    assert items[2]["under"] == ["…"]
    assert items[3]["text"] == f"✗ fine|right: {names[3]}|"
    assert describe_answers(shown, 7, 0.42) == "After update 7, validation: 5 of the first 8 right, 42.0 % of all."
    assert "At every evaluation" in describe_answers(load_answers("captions"))


@given(LETTERS, LETTERS)
def test_as_much_is_kept_as_the_fewest_edits_allow(one: Parts, other: Parts) -> None:
    @cache
    def edits(i: int, j: int) -> int:
        if not (i and j):
            return i + j
        return min(edits(i - 1, j) + 1, edits(i, j - 1) + 1, edits(i - 1, j - 1) + (one[i - 1] != other[j - 1]))

    pairs = align_parts(one, other)
    assert all(one[i] == other[j] for i, j in pairs)
    ends = [(-1, -1), *pairs, (len(one), len(other))]
    between = [max(b[0] - a[0], b[1] - a[1]) - 1 for a, b in pairwise(ends)]
    assert sum(between) == edits(len(one), len(other))


def test_words_that_differ_are_underlined_in_both() -> None:
    data = load_data(build_small("translation"))
    words = {name: n for n, name in enumerate(data.class_names)}
    (first, *_rest) = load_answers("translation")
    assert first.target == ("trois", "mille", "neuf", "cent", "quatre", "vingt", "huit")
    wrote = [words[word] for word in ("trois", "cent", "neuf", "cent", "quatre", "vingt", "dix", "huit")] + [0]
    (item, *_others) = AnswerListParser(render_answers(build_answers(data, [wrote] * MAX_ANSWERS), " ", LIGHT)).items
    assert item["text"] == (
        "three thousand nine hundred and eighty eight|✗ trois cent neuf cent quatre vingt dix huit|"
        "right: trois mille neuf cent quatre vingt huit|"
    )
    assert item["under"] == ["cent", "dix", "mille"]
