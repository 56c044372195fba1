"""The same network in Keras, where it is installed, with its recurrent_dropout."""

import os
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np

from core.benchmark.case import Case

RATE = 0.25
LAYERS = {"lstm": "LSTM", "gru": "GRU", "rnn": "SimpleRNN"}


def make_keras_update(case: Case, classes: int, tokens: int) -> Callable[[], object] | None:
    """Return a function that makes one update on a task of the same kind; None without Keras or such a cell in it.

    The first call compiles. Keras takes its backend from KERAS_BACKEND: jax, torch or tensorflow.
    """
    if not find_spec("keras") or case.cell not in LAYERS or case.device != "cpu":
        return None
    os.environ.setdefault("KERAS_BACKEND", "jax" if find_spec("jax") else "torch")
    import keras

    layer, random = getattr(keras.layers, LAYERS[case.cell]), np.random.default_rng(0)
    model = keras.Sequential(
        [
            keras.layers.Embedding(tokens, case.hidden),
            *(
                layer(case.hidden, recurrent_dropout=RATE, return_sequences=sequences)
                for sequences in [True] * (case.layers - 1) + [False]
            ),
            keras.layers.Dense(classes),
        ]
    )
    model.compile(keras.optimizers.Adam(clipnorm=1.0), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    x, y = random.integers(tokens, size=(case.batch, case.steps)), random.integers(classes, size=case.batch)
    return lambda: model.train_on_batch(x, y)
