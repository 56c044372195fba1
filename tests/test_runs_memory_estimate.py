"""The estimated memory of a run, compared with the network that it trains and with the memory of a real process."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.dropout.methods import METHODS
from core.dropout.placement import Dropout, Placement
from core.experiment.batches import count_update_draws, load_data
from core.experiment.experiment import Experiment, build_experiment
from core.experiment.serialization import to_json
from core.nn.network import Network
from core.runs.memory_estimate import count_weights, estimate_memory

ROOT = Path(__file__).parents[1]
EXPERIMENTS: dict[str, Experiment] = {
    "words": build_experiment("language-model", {"words": 2000}, hidden=(5, 7), embedding=3, layers=2),
    "tied": build_experiment("language-model", {"words": 2000}, hidden=6, embedding=6, layers=1, decoder="tied"),
    "gru": build_experiment("delayed-recall", {"sequences": 64}, cell="gru", hidden=6, layers=3),
    "values": build_experiment("adding", {"sequences": 64}, cell="rnn", hidden=6, layers=1),
    "pictures": build_experiment("digits", hidden=6, layers=2),
}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_weights_are_counted_exactly(name: str) -> None:
    e = EXPERIMENTS[name]
    data = load_data(e)
    assert count_weights(e, data) == sum(p.numel() for p in Network(data.tokens, data.classes, e).parameters())


def test_more_of_anything_needs_more() -> None:
    base: dict[str, Any] = {"hidden": 64, "layers": 2, "batch": 20, "steps": 20}
    least = estimate_memory(build_experiment("language-model", {"words": 20000}, **base))
    for more in ({"hidden": 640}, {"layers": 4}, {"batch": 200}, {"steps": 100}):
        assert estimate_memory(build_experiment("language-model", {"words": 20000}, **base | more)) > least
    assert estimate_memory(build_experiment("language-model", {"words": 40000}, **base)) > least


def test_the_vocabulary_of_a_text_of_ones_own_counts(tmp_path: Path) -> None:
    """With 50,000 words and the largest network: embedding, decoder and layers, 16 bytes for each weight."""
    text = tmp_path / "own.txt"
    text.write_text(" ".join(f"word{n % 50_000}" for n in range(300_000)))
    e = build_experiment(
        "language-model", {"corpus": str(text), "words": 240_000}, hidden=1500, embedding=1500, layers=4, batch=1
    )
    data = load_data(e)
    assert data.tokens > 40_000
    assert count_weights(e, data) > 2 * 1500 * data.tokens + 4 * 4 * 1500 * 3000
    assert estimate_memory(e) > 16 * count_weights(e, data) / 2**20 > 2500


def test_masks_of_weights_and_of_gates_count() -> None:
    base: dict[str, Any] = {"hidden": 16, "layers": 4, "batch": 64, "steps": 60}
    least = estimate_memory(build_experiment("delayed-recall", **base))
    for site, gates in (("recurrent_weights", "shared"), ("state", "separate")):
        dropped = Placement.from_sites({site: Dropout(0.5, gates=gates)})
        e = build_experiment("delayed-recall", **base, placement=dropped)
        assert estimate_memory(e) - least > 4 * count_update_draws(e, 1) / 2**20


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read as Linux tells it")
@pytest.mark.parametrize("hidden", [600])
def test_a_large_run_stays_within_its_estimate(hidden: int) -> None:
    """The measured memory is the growth of a process's peak from before the run to after its updates."""
    placement = METHODS["zaremba2014"].build_placement(0.5)
    e = build_experiment("language-model", {"words": 20000}, hidden=hidden, layers=2, updates=1, placement=placement)
    code = """
import sys
from core.experiment.serialization import from_json
from core.experiment.experiment import build_experiment
from core.training.trainer import Trainer, prepare, train
from core.training.events import NoCommands
from core.experiment.batches import load_data
def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1024
prepare(1)
for event in train(build_experiment("language-model", {"words": 2000}, hidden=8, updates=1)):
    pass
before = peak()
run = Trainer(from_json(sys.argv[1]), NoCommands(), 8)
run.update = 1
batch = next(run.data.train(0))
run.change_weights(batch)
run.change_weights(batch)
print(peak() - before)
"""
    done = subprocess.run([sys.executable, "-c", code, to_json(e)], cwd=ROOT, capture_output=True, text=True, check=True)
    taken = float(done.stdout)
    assert taken <= 1.1 * estimate_memory(e)
    assert estimate_memory(e) <= 3 * taken, "or less would fit in memory than could"
