"""What a language model learns from: symbols, be they words or characters, in a row; what is asked at a step is the next."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

import numpy as np

from core.errors import Invalid
from core.i18n import N_, _
from core.tasks.corpus import HELD_OUT as CUT
from core.tasks.corpus import parts_of, prepared
from core.tasks.documentation import topics
from core.tasks.metrics import of_loss
from core.tasks.task import Batch, Data, Ints, Options, TextDecoder, held_out, text, whole

UNKNOWN = "<unk>"
HELD_OUT_TOPICS = 15  # per cent of the topics, for the validation and for the test part each
HELD_OUT_SHARE = 8  # a held-out part may be as long as the training part over this
OCCURS = 2  # times in training: then a symbol is known; one of a text that says itself what is unknown, at once
MOST_KNOWN = 50_000
MOST_SCORES = 50_000_000  # of a window: T · B · V
UNSEEN = -1
PARTS = {"train": N_("training"), "validation": N_("validation"), "test": N_("test")}
Parts = dict[str, list[str]]


@dataclass(frozen=True)
class Kind:
    """A kind of symbol. name: the option that says how many there are to train on; noun: for the reader. held_out: how many
    there are in each of the other two parts at most, where an eighth of those to train on is not more.

    of_topic(paragraphs), of_text(text) and of_prepared(text) give the symbols of the documentation, of a text of one's own and
    of one in which the words are told apart already. shown(symbol) is what a figure has of it. text(symbols) puts them together
    again; length: how many of them a network writes, so that one sees what it has learned.
    """

    name: str
    noun: str
    held_out: int
    metrics: tuple[str, ...]
    of_topic: Callable[[Iterable[str]], list[str]]
    of_text: Callable[[str], Iterable[str]]
    of_prepared: Callable[[str], Iterable[str]]
    shown: Callable[[str], str]
    text: Callable[[Iterable[str]], str]
    length: int


def make(kind: Kind, options: Options, steps: int, batch: int, seed: int) -> Data:
    """Cuts each part into `batch` streams of windows.

    The vocabulary is that of the training part. All other symbols are one unknown, which is read but never asked for:
    otherwise the validation part, with more of them, would be the easier one. An unknown that the text itself has is asked for.
    """
    own = text(options, "corpus")
    parts = split(kind, whole(options, kind.name), seed, own)
    counts = Counter(parts["train"])
    names = (UNKNOWN, *_known(counts, 1 if own and prepared(own) else OCCURS))
    number = {name: i for i, name in enumerate(names) if name in counts}
    streams = {name: _streams(symbols, number, batch) for name, symbols in parts.items()}
    _check_length(kind, parts, steps, batch, bool(own) and not prepared(own))
    _check(kind, streams, steps, batch, number)
    shown = tuple(map(kind.shown, names))
    return Data(
        len(names),
        len(names),
        shown,
        shown,
        (len(streams["train"]) - 1) // steps,
        lambda epoch: _windows(streams["train"], steps),
        lambda part: _windows(streams[part], steps),
        held_out(lambda part: of_loss(kind.metrics, _unigram_loss(streams, list(number.values()), part))),
        writing=TextDecoder(lambda numbers: kind.text(names[n] for n in numbers), kind.length),
    )


def split(kind: Kind, size: int, seed: int, own: str = "") -> Parts:
    """The symbols of the three parts, at most `size` of them to train on.

    Of the documentation no topic is in two parts, and each part has its symbols from all of its topics, which are dealt by the
    seed. A text of one's own is cut by position, or comes in parts: there the seed plays no part.
    """
    most = {"train": size, "validation": max(kind.held_out, size // HELD_OUT_SHARE)}
    most["test"] = most["validation"]
    if own:
        read = kind.of_prepared if prepared(own) else kind.of_text
        return {name: list(islice(read(part), most[name])) for name, part in parts_of(own).items()}
    every = [kind.of_topic(paragraphs) for paragraphs in topics().values()]
    dealt = [every[i] for i in np.random.default_rng(seed).permutation(len(every))]
    held = len(dealt) * HELD_OUT_TOPICS // 100
    parts = {"validation": dealt[:held], "test": dealt[held : 2 * held], "train": dealt[2 * held :]}
    return {name: _take(part, most[name]) for name, part in parts.items()}


def _take(topics: list[list[str]], size: int) -> list[str]:
    # The beginning of every topic, in proportion to its length.
    share = min(1.0, size / sum(map(len, topics)))
    return [symbol for topic in topics for symbol in topic[: round(share * len(topic))]]


def _known(counts: Counter[str], least: int) -> list[str]:
    often = [symbol for symbol, n in counts.items() if n >= least and symbol != UNKNOWN]
    return sorted(sorted(often, key=lambda symbol: (-counts[symbol], symbol))[:MOST_KNOWN])


def _streams(symbols: list[str], number: Mapping[str, int], batch: int) -> Ints:
    length = len(symbols) // batch
    numbers = (number.get(symbol, UNSEEN) for symbol in symbols)
    return np.fromiter(islice(numbers, length * batch), np.int64).reshape(batch, length).T


def _windows(stream: Ints, steps: int) -> Iterator[Batch]:
    for start in range(0, len(stream) - steps, steps):
        yield Batch(np.maximum(stream[start : start + steps], 0), stream[start + 1 : start + steps + 1], first=start == 0)


def _unigram_loss(streams: Mapping[str, Ints], known: list[int], part: str) -> float:
    # What is reached by knowing how often each symbol occurs in training (add-one) and nothing of those before.
    trained = streams["train"]
    counts = np.bincount(trained[trained >= 0], minlength=max(known) + 1)[known] + 1.0
    loss = np.zeros(max(known) + 1)
    loss[known] = -np.log(counts / counts.sum())
    return float(loss[streams[part][streams[part] >= 0]].mean())


def _check_length(kind: Kind, parts: Parts, steps: int, batch: int, cut: bool) -> None:
    """Each part must fill one window. cut: whether the parts are those of one text."""
    name = min(parts, key=lambda name: len(parts[name]))
    least = batch * (steps + 1)
    if len(parts[name]) < least:
        whole = _(" (about {n} in the whole text)").format(n=-(-100 * least // CUT)) if cut else ""
        raise Invalid(
            _(
                "The {part} part of the text has {n} of the {least} {symbols} that one window of {steps} steps × {batch} "
                "samples needs at least{whole}. Take more text, or fewer steps or samples."
            ).format(
                part=_(PARTS[name]),
                n=len(parts[name]),
                least=least,
                symbols=_(kind.noun),
                steps=steps,
                batch=batch,
                whole=whole,
            ),
            "batch",
        )


def _check(kind: Kind, streams: Mapping[str, Ints], steps: int, batch: int, number: Mapping[str, int]) -> None:
    noun = _(kind.noun)
    if len(number) < 2:
        raise Invalid(
            _("Of the {symbols} to train on, {n} occur more than once: too few to guess between. Take another text.").format(
                symbols=noun, n=len(number)
            ),
            "corpus",
        )
    windows = (len(streams["validation"]) - 1) // steps
    for name, stream in streams.items():
        if not (stream[1 : windows * steps + 1] >= 0).any():
            raise Invalid(
                _(
                    "Of the {symbols} that are read first ({part}) none is known from training: there is nothing to "
                    "ask for. Take another text."
                ).format(symbols=noun, part=name),
                "corpus",
            )
    if (size := steps * batch * (len(number) + 1)) > MOST_SCORES:
        raise Invalid(
            _(
                "{steps} steps × {batch} samples × {n} different {symbols} make {size} scores; at most {most} fit in "
                "memory. Make one of them smaller."
            ).format(steps=steps, batch=batch, n=len(number), symbols=noun, size=size, most=MOST_SCORES),
            "batch",
        )
