"""How good answers are: a row for each metric. NumPy only.

Macro F1 is scikit-learn's (`f1_score`, average "macro"), which the tests compare it with: the app needs no more of it.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from core.i18n import N_
from core.tasks.generated_sequences import END
from core.tasks.task import Data, Ints, Metrics, Reals

Answers = Ints | Reals


@dataclass(frozen=True)
class Metric:
    """value(loss, predicted [N], right [N]): loss is the mean over what is asked; real answers in the units they came in;
    of answers that are written step by step, their rows [N, T] (written.py).

    of_loss: the metric of a loss alone, where it is the loss in other words. part: whether it is shown in per cent. squared:
    whether the loss beside it is the squared error of real values, and not a cross-entropy.
    """

    label: str
    value: Callable[[float, Answers, Answers], float]
    of_loss: Callable[[float], float] | None = None
    part: bool = False
    squared: bool = False

    @property
    def higher(self) -> bool:
        """Whether more of it is better; of a loss in other words, and of an error, less is."""
        return self.of_loss is None and not self.squared


def _perplexity(loss: float) -> float:
    return math.exp(min(loss, 700))


def _bits(loss: float) -> float:
    return loss / math.log(2)


def always(most: int, right: Ints) -> Metrics:
    """Accuracy and macro F1 of the same answer to everything that is asked: its baselines."""
    return {"accuracy": float((right == most).mean()), "macro_f1": macro_f1(np.full_like(right, most), right)}


def macro_f1(predicted: Answers, right: Answers) -> float:
    """The mean of the F1 of all classes that are right or predicted somewhere: 2 hits / (predicted + right)."""
    classes = int(max(predicted.max(), right.max())) + 1
    hits = np.bincount(right[predicted == right], minlength=classes)
    every = np.bincount(predicted, minlength=classes) + np.bincount(right, minlength=classes)
    return float(np.mean(2 * hits[every > 0] / every[every > 0]))


def _exact(predicted: Answers, right: Answers) -> float:
    return float((predicted == right).all(axis=1).mean())


def _letters(predicted: Answers, right: Answers) -> float:
    """Of the letters that are right, the end with them: how many are written at their place."""
    return float((predicted == right)[right >= 0].mean())


def bleu(predicted: Answers, right: Answers) -> float:
    """BLEU of rows of word numbers, 0 to 100, one right translation each: SacreBLEU's, the words being told apart already."""
    from sacrebleu import corpus_bleu  # here, so that the pages of other tasks are up without it

    said, wanted = ([" ".join(str(word) for word in row if word > END) for row in rows] for rows in (predicted, right))
    return float(corpus_bleu(said, [wanted], tokenize="none", force=True).score)


METRICS: dict[str, Metric] = {
    "perplexity": Metric(N_("perplexity"), lambda loss, _p, _r: _perplexity(loss), _perplexity),
    "bits_per_word": Metric(N_("bits per word"), lambda loss, _p, _r: _bits(loss), _bits),
    "bits_per_character": Metric(N_("bits per character"), lambda loss, _p, _r: _bits(loss), _bits),
    "accuracy": Metric(N_("accuracy"), lambda _l, predicted, right: int((predicted == right).sum()) / len(right), part=True),
    "macro_f1": Metric(N_("macro F1"), lambda _l, predicted, right: macro_f1(predicted, right), part=True),
    "exact_match": Metric(N_("exact match"), lambda _l, predicted, right: _exact(predicted, right), part=True),
    "letter_accuracy": Metric(N_("letter accuracy"), lambda _l, predicted, right: _letters(predicted, right), part=True),
    "bleu": Metric(N_("BLEU"), lambda _l, predicted, right: bleu(predicted, right)),
    "mse": Metric(N_("squared error"), lambda _l, predicted, right: float(np.square(predicted - right).mean()), squared=True),
    "mae": Metric(N_("absolute error"), lambda _l, predicted, right: float(np.abs(predicted - right).mean()), squared=True),
}


def of_loss(names: Iterable[str], loss: float) -> dict[str, float]:
    """The named metrics, each of which is the loss in other words, of a mean loss in nats."""
    nothing = np.zeros(0, np.int64)
    return {name: METRICS[name].value(loss, nothing, nothing) for name in names}


def measure(names: Iterable[str], loss: float, predicted: Answers, right: Answers, data: Data) -> dict[str, float]:
    """The named metrics of answers [N] as the network gives them, in that order. Not a number where nothing was asked."""
    if not len(right):
        return dict.fromkeys(names, math.nan)
    if data.real:
        predicted, right = (np.asarray(a, np.float64) * data.spread + data.centre for a in (predicted, right))  # type: ignore[assignment]
    return {name: METRICS[name].value(loss, predicted, right) for name in names}
