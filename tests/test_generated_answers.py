"""What is shown of answers that are written step by step. Oracles: what the metrics were given in the very same evaluation;
pictures and numbers from their sources; the definition of the edit distance."""

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
from core.figures.generated_answers import Parts, aligned, describe_replies, replies, replies_of
from core.figures.theme import DARK, LIGHT
from core.tasks.captions import NAMES
from core.tasks.metrics import measure
from core.tasks.prediction_summary import SAMPLES
from core.tasks.translation import split
from core.training.trainer import train

LETTERS = st.lists(st.sampled_from("abc"), max_size=6).map(tuple)


class Items(HTMLParser):
    """The items of a list: their texts, what is underlined, what their pictures and signs are called."""

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


def small(task: str, **more: Any) -> Experiment:
    return build_experiment(task, hidden=6, layers=1, epochs=1, device="cpu", **more)


@pytest.mark.parametrize(("task", "batch"), [("captions", 7), ("translation", 20)])
def test_a_record_has_the_first_rows_that_the_metrics_saw(monkeypatch: pytest.MonkeyPatch, task: str, batch: int) -> None:
    seen = []

    def looked(names: Any, loss: float, predicted: Any, right: Any, data: Any) -> dict[str, float]:
        found = measure(names, loss, predicted, right, data)
        seen.append((predicted, right, found))
        return found

    monkeypatch.setattr(core.training.evaluation, "measure", looked)
    e = small(task, batch=batch)
    records = [event for event in train(e) if event["event"] == "record" and event["val"]]
    of_validation = [one for one in seen if one[2]][: len(records)]
    for record, (predicted, right, found) in zip(records, of_validation, strict=True):
        assert record["val"] == found
        assert record["replies"] == [[int(n) for n in row if n >= 0] for row in predicted[:SAMPLES]]
        shown = replies_of(load_data(e), record["replies"])
        assert [one.is_right for one in shown] == (predicted == right).all(axis=1)[:SAMPLES].tolist()
        names = load_data(e).class_names
        assert [one.right for one in shown] == [tuple(names[n] for n in row if n > 0) for row in right[:SAMPLES]]
        for one, row in zip(shown, predicted[:SAMPLES], strict=True):
            assert one.wrote == (*(names[n] for n in row if n > 0), *([] if 0 in row else ["…"]))


@cache
def asked(task: str) -> Any:
    return replies_of(load_data(small(task)), [])


def test_what_is_asked_is_the_picture_of_the_name_and_the_english_of_the_french() -> None:
    images = load_digits()
    for one in asked("captions"):
        (found,) = np.flatnonzero((images.images == np.asarray(one.asks) * 16).all(axis=(1, 2)))
        assert "".join(one.right) == NAMES[images.target[found]]
    dealt = split(200, 7)["validation"][:SAMPLES]
    assert [(one.asks, one.right) for one in asked("translation")] == [(" ".join(en), fr) for en, fr in dealt]
    assert all(one.wrote is None for task in ("captions", "translation") for one in asked(task))
    assert len(asked("captions")) == len(asked("translation")) == SAMPLES


def test_a_picture_is_drawn_pixel_by_pixel() -> None:
    one = asked("captions")[0]
    html = replies([one], "", DARK)
    drawn = np.zeros((8, 8))
    for path, opacity in re.findall(r'<path d="([^"]+)" fill-opacity="([^"]+)"', html):
        for x, y in re.findall(r"M(\d) (\d)h1v1h-1z", path):
            drawn[int(y), int(x)] = opacity
    assert drawn == pytest.approx(np.asarray(one.asks), abs=0.006)
    assert Items(html).items[0]["named"] == [f"a picture of “{''.join(one.right)}”"]
    assert DARK.ink in html


def test_right_and_wrong_are_said_in_signs_and_words() -> None:
    data = load_data(small("captions"))
    letters = {name: n for n, name in enumerate(data.class_names)}
    right = [[letters[part] for part in one.right] + [0] for one in asked("captions")]
    wrong = [right[0], [0], right[2][:-1], [letters[part] for part in "fine"] + [0], *right[4:]]
    shown = replies_of(data, wrong)
    names = ["".join(one.right) for one in shown]
    items = Items(replies(shown, "", LIGHT)).items
    assert [item["named"][1] for item in items] == ["right", "wrong", "wrong", "wrong", *["right"] * 4]
    assert items[0]["text"] == f"✓ {names[0]}|"
    assert items[1]["text"] == f"✗ nothing|right: {names[1]}|"
    assert items[2]["text"] == f"✗ {names[2]}…|right: {names[2]}|", "a name without its end is not the name"
    assert items[2]["under"] == ["…"]
    assert items[3]["text"] == f"✗ fine|right: {names[3]}|"
    assert describe_replies(shown, 7, 0.42) == "After update 7, validation: 5 of the first 8 right, 42.0 % of all."
    assert "At every evaluation" in describe_replies(asked("captions"))


@given(LETTERS, LETTERS)
def test_as_much_is_kept_as_the_fewest_edits_allow(one: Parts, other: Parts) -> None:
    @cache
    def edits(i: int, j: int) -> int:
        if not (i and j):
            return i + j
        return min(edits(i - 1, j) + 1, edits(i, j - 1) + 1, edits(i - 1, j - 1) + (one[i - 1] != other[j - 1]))

    pairs = aligned(one, other)
    assert all(one[i] == other[j] for i, j in pairs)
    ends = [(-1, -1), *pairs, (len(one), len(other))]
    between = [max(b[0] - a[0], b[1] - a[1]) - 1 for a, b in pairwise(ends)]
    assert sum(between) == edits(len(one), len(other))


def test_words_that_differ_are_underlined_in_both() -> None:
    data = load_data(small("translation"))
    words = {name: n for n, name in enumerate(data.class_names)}
    (first, *_rest) = asked("translation")
    assert first.right == ("trois", "mille", "neuf", "cent", "quatre", "vingt", "huit")
    wrote = [words[word] for word in ("trois", "cent", "neuf", "cent", "quatre", "vingt", "dix", "huit")] + [0]
    (item, *_others) = Items(replies(replies_of(data, [wrote] * SAMPLES), " ", LIGHT)).items
    assert item["text"] == (
        "three thousand nine hundred and eighty eight|✗ trois cent neuf cent quatre vingt dix huit|"
        "right: trois mille neuf cent quatre vingt huit|"
    )
    assert item["under"] == ["cent", "dix", "mille"]
