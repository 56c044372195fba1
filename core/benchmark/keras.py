"""Keras beside it, where it is installed: a whole update of a network of the same shape, with its recurrent_dropout."""

import os
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np

from core.benchmark.case import Case

RATE = 0.25
LAYER = {"lstm": "LSTM", "gru": "GRU", "rnn": "SimpleRNN"}


def keras_update(case: Case, classes: int, tokens: int) -> Callable[[], object] | None:
    """One update on the same kind of task; None where Keras is not installed or has no such cell. The first call compiles.

    Keras takes its backend from KERAS_BACKEND: jax, torch or tensorflow.
    """
    if not find_spec("keras") or case.cell not in LAYER or case.device != "cpu":
        return None
    os.environ.setdefault("KERAS_BACKEND", "jax" if find_spec("jax") else "torch")
    import keras  # type: ignore[import-not-found]

    layer, random = getattr(keras.layers, LAYER[case.cell]), np.random.default_rng(0)
    model = keras.Sequential(
        [
            keras.layers.Embedding(tokens, case.hidden),
            *(
                layer(case.hidden, recurrent_dropout=RATE, return_sequences=above)
                for above in [True] * (case.layers - 1) + [False]
            ),
            keras.layers.Dense(classes),
        ]
    )
    model.compile(keras.optimizers.Adam(clipnorm=1.0), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    x, y = random.integers(tokens, size=(case.batch, case.steps)), random.integers(classes, size=case.batch)
    return lambda: model.train_on_batch(x, y)
