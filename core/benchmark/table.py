"""Measure one benchmark case: all compared functions, timed in turn."""

from collections.abc import Callable
from typing import Any

import torch

from core.benchmark.arrays import CaseArrays, make_arrays
from core.benchmark.case import Case
from core.benchmark.clock import time_functions
from core.benchmark.floor import count_operations
from core.benchmark.keras import make_keras_update
from core.benchmark.loop import run_loop
from core.experiment.batches import draw_update_masks
from core.nn.cells import run_layers
from core.nn.engines import choose_engine, run_layer
from core.training.events import NoCommands
from core.training.trainer import Trainer

MODULES = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN, "rnn-logistic": torch.nn.RNN}


def measure_case(case: Case, peak: float, rounds: int) -> dict[str, Any]:
    """Return the measurements of a case, times in milliseconds.

    ms: forward and backward by the engine. draw_ms: drawing the masks. update_ms: a whole update. torch_ms: torch's module
    without dropout. loop_ms: a plain loop with the same masks. floor_ms: the arithmetic. keras_ms: a whole update of Keras,
    where it is installed. spread: (least, greatest) of ms. peak: operations per millisecond.
    """
    device = torch.device(case.device)
    module = MODULES[case.cell](case.hidden, case.hidden, case.layers).to(device)
    arrays, e = make_arrays(case, module), case.experiment()
    trainer = Trainer(e, NoCommands(), 0)
    functions: dict[str, Callable[[], object]] = {
        "ms": _make_pass(arrays, module, lambda x, s, w, m: run_layer(x, s, w, m, case.cell, case.engine)),
        "torch_ms": _make_module_pass(arrays, module),
        "loop_ms": _make_pass(arrays, module, lambda x, s, w, m: run_loop(x, s, w, m, case.cell)),
        "draw_ms": lambda: draw_update_masks(e, 1, 0),
        "update_ms": _make_update(trainer),
    }
    if keras := make_keras_update(case, trainer.data.classes, trainer.data.tokens):
        functions["keras_ms"] = keras
    times = time_functions(functions, rounds, device)
    floor = count_operations(case.cell, case.steps, case.batch, e.widths, e.shape.embedding) / peak
    return {
        "cell": case.cell,
        "method": case.method,
        "hidden": case.hidden,
        "engine": name_engines(case, arrays),
        **{name: round(time.ms, 4) for name, time in times.items()},
        "floor_ms": round(floor, 4),
        "spread": [round(times["ms"].least, 4), round(times["ms"].most, 4)],
        "steps_per_s": round(1000 * case.steps * case.batch / times["update_ms"].ms),
        "steps": case.steps,
        "batch": case.batch,
        "layers": case.layers,
        "device": case.device,
    }


def name_engines(case: Case, arrays: CaseArrays) -> str:
    """Return the engines of the layers, from the first up, each name once, joined by "+"."""
    names = [choose_engine(m, case.cell, case.engine, case.device) for m in arrays.masks]
    return "+".join(dict.fromkeys(names))


def _make_pass(arrays: CaseArrays, module: torch.nn.Module, run: Callable[..., Any]) -> Callable[[], None]:
    def run_once() -> None:
        module.zero_grad()
        arrays.x.grad = None
        hs, _states = run_layers(arrays.x, arrays.initial_states, arrays.weights, arrays.masks, run)
        hs.backward(arrays.output_gradient)

    return run_once


def _make_module_pass(arrays: CaseArrays, module: torch.nn.Module) -> Callable[[], None]:
    def run_once() -> None:
        module.zero_grad()
        arrays.x.grad = None
        module(arrays.x)[0].backward(arrays.output_gradient)

    return run_once


def _make_update(trainer: Trainer) -> Callable[[], None]:
    batch = next(iter(trainer.data.train(0)))

    def run_once() -> None:
        trainer.update += 1
        for _event in trainer.one_update(batch):
            pass

    return run_once
