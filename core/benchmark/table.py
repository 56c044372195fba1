"""One row of the table: every time that is compared, measured in turn."""

from collections.abc import Callable
from typing import Any

import torch

from core.benchmark.arrays import Arrays, arrays
from core.benchmark.case import Case
from core.benchmark.clock import Time, timed
from core.benchmark.floor import operations
from core.benchmark.keras import keras_update
from core.benchmark.loop import run_loop
from core.experiment.batches import draw_update_masks
from core.nn.cells import stack
from core.nn.engines import chosen, run_layer
from core.training.events import NoCommands
from core.training.trainer import Trainer

MODULES = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN, "rnn-logistic": torch.nn.RNN}


def row(case: Case, peak: float, rounds: int) -> dict[str, Any]:
    """Milliseconds of forward + backward by the engine (ms), drawing the masks (draw_ms), a whole update (update_ms), torch's
    module without dropout (torch_ms), a plain loop with the same masks (loop_ms), the arithmetic (floor_ms), and, where it is
    installed, Keras' whole update (keras_ms); spread: (least, most) of the engine. peak: operations a millisecond."""
    device = torch.device(case.device)
    module = MODULES[case.cell](case.hidden, case.hidden, case.layers).to(device)
    given, e = arrays(case, module), case.experiment()
    training = Trainer(e, NoCommands(), 0)
    functions: dict[str, Callable[[], object]] = {
        "ms": _passes(given, module, _by_engine(case)),
        "torch_ms": _library(given, module),
        "loop_ms": _passes(given, module, lambda x, s, w, m: run_loop(x, s, w, m, case.cell)),
        "draw_ms": lambda: draw_update_masks(e, 1, 0),
        "update_ms": _update(training),
    }
    if keras := keras_update(case, training.data.classes, training.data.tokens):
        functions["keras_ms"] = keras
    times = timed(functions, rounds, device)
    floor = operations(case.cell, case.steps, case.batch, e.widths, e.shape.embedding) / peak
    return {
        "cell": case.cell,
        "method": case.method,
        "hidden": case.hidden,
        "engine": engine_of(case, given),
        **{name: round(time.ms, 4) for name, time in times.items()},
        "floor_ms": round(floor, 4),
        "spread": _spread(times["ms"]),
        "steps_per_s": round(1000 * case.steps * case.batch / times["update_ms"].ms),
        "steps": case.steps,
        "batch": case.batch,
        "layers": case.layers,
        "device": case.device,
    }


def engine_of(case: Case, given: Arrays) -> str:
    """What runs the layers, from the first up, each once."""
    names = [chosen(m, case.cell, case.engine, case.device) for m in given.masks]
    return "+".join(dict.fromkeys(names))


def _by_engine(case: Case) -> Callable[..., Any]:
    return lambda x, state, weights, masks: run_layer(x, state, weights, masks, case.cell, case.engine)


def _passes(given: Arrays, module: torch.nn.Module, run: Callable[..., Any]) -> Callable[[], None]:
    def once() -> None:
        module.zero_grad()
        given.x.grad = None
        hs, _after = stack(given.x, given.states, given.weights, given.masks, run)
        hs.backward(given.back)

    return once


def _library(given: Arrays, module: torch.nn.Module) -> Callable[[], None]:
    def once() -> None:
        module.zero_grad()
        given.x.grad = None
        module(given.x)[0].backward(given.back)

    return once


def _update(training: Trainer) -> Callable[[], None]:
    batch = next(iter(training.data.train(0)))

    def once() -> None:
        training.update += 1
        for _event in training.one_update(batch):
            pass

    return once


def _spread(time: Time) -> list[float]:
    return [round(time.least, 4), round(time.most, 4)]
