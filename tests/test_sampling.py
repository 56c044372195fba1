"""Text sampled from a language model.

Oracles: the scores of the whole text, computed in one window instead of step by step; a run that samples nothing; sentences.
"""

from collections.abc import Generator
from typing import Any

import numpy as np
import pytest
import torch

from core.dropout.masks import get_test_time_values
from core.dropout.methods import METHODS
from core.dropout.placement import Dropout, Placement
from core.experiment.batches import load_data
from core.experiment.experiment import Experiment, build_experiment
from core.nn.network import Network, to_torch
from core.tasks.language_model import WORDS
from core.tasks.task import SAMPLING_TEMPERATURE
from core.training.events import last_generated_text
from core.training.sampling import generate_text
from core.training.trainer import train

TINY: dict[str, Any] = {"hidden": 6, "layers": 2, "batch": 8, "device": "cpu"}
SCALED = Placement.from_sites(
    {"input": Dropout(0.4, scaling="test"), "words": Dropout(0.3, "sequence", scaling="test"), "output": Dropout(0.2)}
)


def run_to_end(steps: Generator[Any, None, Any]) -> Any:
    """Run a computation in steps to its end and return its result."""
    while True:
        try:
            next(steps)
        except StopIteration as finished:
            return finished.value


def make_experiment(**given: Any) -> Experiment:
    return build_experiment("language-model", {"words": 2000}, **TINY | {"steps": 20} | given)


@pytest.mark.parametrize("placement", [SCALED, METHODS["krueger2016"].build_placement()], ids=["test scaling", "zoneout"])
def test_each_token_is_sampled_from_the_distribution_after_those_before_it(placement: Placement) -> None:
    e = make_experiment(placement=placement)
    data = load_data(e)
    network, masks = (
        Network(data.tokens, data.classes, e),
        to_torch(get_test_time_values(e.placement, e.shape), torch.device("cpu")),
    )
    with torch.no_grad():
        network.decoder.mul_(8)  # so that the tokens before it matter
    text = run_to_end(generate_text(network, data, masks, 5))["written"]
    numbers = [int(next(data.split("train")).x[0, 0])]
    for chance in np.random.default_rng(5).random(WORDS.generated_length - 1):
        with torch.no_grad():
            h, _states = network(torch.tensor(numbers)[:, None], network.zero_states(1), masks)
            scores = network.decode(network.decoder_input(h, masks))[-1, 0].double().numpy() / SAMPLING_TEMPERATURE
        shares = np.exp(scores - scores.max())
        numbers.append(int((shares.cumsum() / shares.sum() < chance).sum()))
    assert text == WORDS.join_symbols(data.token_names[n] for n in numbers)
    assert len(set(numbers)) > 10


def test_sampling_does_not_change_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The records of evaluations carry texts, and nothing else differs."""
    e = make_experiment(updates=2, batch=64, placement=METHODS["gal2016"].build_placement())

    def run() -> tuple[list[Any], Any]:
        torch.manual_seed(3)
        events = [{name: value for name, value in event.items() if name != "seconds"} for event in train(e)]
        return events, torch.random.get_rng_state()

    events, state = run()
    assert events == run()[0]
    texts = {event["update"]: event.pop("written") for event in events if "written" in event}
    assert list(texts) == [event["update"] for event in events if event["event"] == "record" and event["val_loss"]]
    assert len(set(texts.values())) == len(texts) > 1
    monkeypatch.setattr("core.training.trainer.generate_text", generate_nothing)
    silent, other = run()
    assert events == silent
    assert torch.equal(state, other)


def generate_nothing(*_arguments: object) -> Generator[None, None, dict[str, Any]]:
    """Generate no text."""
    yield
    return {}


def test_other_tasks_have_no_generated_text() -> None:
    e = build_experiment("delayed-recall", {"lag": 3, "sequences": 64}, hidden=4, updates=1, device="cpu")
    assert not any("written" in event for event in train(e))


def test_words_are_joined_with_punctuation() -> None:
    symbols = "it is , as a rule : so . ( a ) ? <eos> n't <unk>"
    assert WORDS.join_symbols(iter(symbols.split())) == "it is, as a rule: so. ( a)?\nn't <unk>"


def test_the_last_text_up_to_an_update() -> None:
    events: list[Any] = [
        {"event": "started"},
        {"event": "record", "update": 0, "written": "a"},
        {"event": "record", "update": 1},
        {"event": "record", "update": 2, "written": "b"},
        {"event": "changed", "update": 2},
    ]
    assert [last_generated_text(events, until) for until in (0, 1, 2, float("inf"))] == [(0, "a"), (0, "a"), (2, "b"), (2, "b")]
    assert last_generated_text([], 3) is None
