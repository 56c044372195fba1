"""The metrics of predictions, one row each. NumPy only.

Macro F1 equals scikit-learn's `f1_score` with average "macro", which the tests compare it with; the app does not need
scikit-learn.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from core.i18n import N_
from core.tasks.generated_sequences import END_CLASS
from core.tasks.task import Data, Ints, Metrics, Reals

Answers = Ints | Reals


@dataclass(frozen=True)
class Metric:
    """A metric of predictions.

    value(loss, predictions [N], targets [N]): loss is the mean over all targets; real values are in their original units;
    answers that are generated step by step are rows [N, T] (`generated_sequences.collect_rows`).
    from_loss: the metric as a function of the loss alone, if it is one. is_percentage: the metric is displayed in per cent.
    is_squared_error: the task's loss is the squared error of real values instead of a cross-entropy.
    """

    label: str
    value: Callable[[float, Answers, Answers], float]
    from_loss: Callable[[float], float] | None = None
    is_percentage: bool = False
    is_squared_error: bool = False

    @property
    def is_higher_better(self) -> bool:
        """Return whether a higher value is better: not for a function of the loss, and not for an error."""
        return self.from_loss is None and not self.is_squared_error


def score_constant(answer: int, targets: Ints) -> Metrics:
    """Return accuracy and macro F1 of the same answer to every target."""
    return {
        "accuracy": float((targets == answer).mean()),
        "macro_f1": compute_macro_f1(np.full_like(targets, answer), targets),
    }


def compute_macro_f1(predictions: Answers, targets: Answers) -> float:
    """Return the mean F1, 2 hits / (predicted + target), of all classes that are a prediction or a target somewhere."""
    classes = int(max(predictions.max(), targets.max())) + 1
    hits = np.bincount(targets[predictions == targets], minlength=classes)
    counts = np.bincount(predictions, minlength=classes) + np.bincount(targets, minlength=classes)
    return float(np.mean(2 * hits[counts > 0] / counts[counts > 0]))


def compute_bleu(predictions: Answers, targets: Answers) -> float:
    """Return SacreBLEU's BLEU, 0 to 100, of rows of word numbers with one reference each, which are already tokenized."""
    from sacrebleu import corpus_bleu  # imported here, so that the pages of other tasks start without it

    hypotheses, references = (
        [" ".join(str(word) for word in row if word > END_CLASS) for row in rows] for rows in (predictions, targets)
    )
    return float(corpus_bleu(hypotheses, [references], tokenize="none", force=True).score)


def convert_loss(names: Iterable[str], loss: float) -> dict[str, float]:
    """Return the named metrics, all of them functions of the loss, of a mean loss in nats."""
    empty = np.zeros(0, np.int64)
    return {name: METRICS[name].value(loss, empty, empty) for name in names}


def compute_metrics(names: Iterable[str], loss: float, predictions: Answers, targets: Answers, data: Data) -> dict[str, float]:
    """Return the named metrics of predictions [N] as the network gives them; NaN if there are no targets."""
    if not len(targets):
        return dict.fromkeys(names, math.nan)
    if data.is_regression:
        predictions, targets = (  # type: ignore[assignment]
            np.asarray(scaled, np.float64) * data.target_std + data.target_mean for scaled in (predictions, targets)
        )
    return {name: METRICS[name].value(loss, predictions, targets) for name in names}


def _perplexity(loss: float) -> float:
    return math.exp(min(loss, 700))


def _bits(loss: float) -> float:
    return loss / math.log(2)


def _accuracy(_loss: float, predictions: Answers, targets: Answers) -> float:
    return int((predictions == targets).sum()) / len(targets)


def _exact_match(_loss: float, predictions: Answers, targets: Answers) -> float:
    return float((predictions == targets).all(axis=1).mean())


def _letter_accuracy(_loss: float, predictions: Answers, targets: Answers) -> float:
    """The share of the target letters, the end included, that are predicted at their position."""
    return float((predictions == targets)[targets >= 0].mean())


def _mean_squared_error(_loss: float, predictions: Answers, targets: Answers) -> float:
    return float(np.square(predictions - targets).mean())


def _mean_absolute_error(_loss: float, predictions: Answers, targets: Answers) -> float:
    return float(np.abs(predictions - targets).mean())


METRICS: dict[str, Metric] = {
    "perplexity": Metric(N_("perplexity"), lambda loss, _p, _t: _perplexity(loss), _perplexity),
    "bits_per_word": Metric(N_("bits per word"), lambda loss, _p, _t: _bits(loss), _bits),
    "bits_per_character": Metric(N_("bits per character"), lambda loss, _p, _t: _bits(loss), _bits),
    "accuracy": Metric(N_("accuracy"), _accuracy, is_percentage=True),
    "macro_f1": Metric(N_("macro F1"), lambda _loss, p, t: compute_macro_f1(p, t), is_percentage=True),
    "exact_match": Metric(N_("exact match"), _exact_match, is_percentage=True),
    "letter_accuracy": Metric(N_("letter accuracy"), _letter_accuracy, is_percentage=True),
    "bleu": Metric(N_("BLEU"), lambda _loss, p, t: compute_bleu(p, t)),
    "mse": Metric(N_("squared error"), _mean_squared_error, is_squared_error=True),
    "mae": Metric(N_("absolute error"), _mean_absolute_error, is_squared_error=True),
}
