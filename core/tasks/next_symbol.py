"""The data of a language model: a sequence of symbols, words or characters; the target of each step is the next symbol."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

import numpy as np

from core.errors import Invalid
from core.i18n import N_, _
from core.tasks.corpus import HELD_OUT_PERCENT, Corpus, is_ptb_folder, read_corpus
from core.tasks.documentation import load_topics
from core.tasks.metrics import convert_loss
from core.tasks.reads import describe_corpus
from core.tasks.task import Batch, Data, Ints, Options, TextDecoder, evaluate_baselines, get_integer, get_text
from core.tasks.vocabulary import MIN_OCCURRENCES, UNKNOWN, collect_vocabulary

HELD_OUT_TOPICS_PERCENT = 15  # of the topics, for the validation and for the test split each
HELD_OUT_DIVISOR = 8  # a held-out split may be as long as the training split divided by this
MAX_LOGITS = 50_000_000  # per window: T · B · V
UNKNOWN_TARGET = -1
SPLIT_LABELS = {"train": N_("training"), "validation": N_("validation"), "test": N_("test")}
Splits = dict[str, list[str]]


@dataclass(frozen=True)
class SymbolKind:
    """A kind of symbol.

    name: the option with the number of training symbols. noun: the plural for messages. max_held_out: the size limit of each
    of the other two splits, if an eighth of the training split is not more.
    tokenize_topic(paragraphs), tokenize_text(text), tokenize_ptb(text): the symbols of the documentation, of a user's text, and
    of a text that is already tokenized. format_symbol(symbol): its text in a figure. join_symbols(symbols): the text that they
    make. generated_length: the number of symbols to generate, enough to judge what has been learned.
    """

    name: str
    noun: str
    max_held_out: int
    metrics: tuple[str, ...]
    tokenize_topic: Callable[[Iterable[str]], list[str]]
    tokenize_text: Callable[[str], Iterable[str]]
    tokenize_ptb: Callable[[str], Iterable[str]]
    format_symbol: Callable[[str], str]
    join_symbols: Callable[[Iterable[str]], str]
    generated_length: int


def make_data(kind: SymbolKind, options: Options, steps: int, batch: int, seed: int) -> Data:
    """Cut each split into `batch` streams of windows.

    The vocabulary is that of the training split. All other symbols are read as one unknown token, but are never a target:
    otherwise the validation split, which has more of them, would be easier. `<unk>` in the text itself is a normal symbol.
    """
    path = get_text(options, "corpus")
    corpus = read_corpus(path) if path else None
    splits = split_symbols(kind, get_integer(options, kind.name), seed, corpus)
    counts = Counter(splits["train"])
    names = (UNKNOWN, *collect_vocabulary(counts, 1 if corpus and corpus.marks_unknown else MIN_OCCURRENCES))
    number = {name: i for i, name in enumerate(names) if name in counts}
    streams = {split: _make_streams(symbols, number, batch) for split, symbols in splits.items()}
    _check_length(kind, splits, steps, batch, bool(path) and not is_ptb_folder(path))
    _check_streams(kind, streams, steps, batch, number)
    labels = tuple(map(kind.format_symbol, names))
    return Data(
        len(names),
        len(names),
        labels,
        labels,
        (len(streams["train"]) - 1) // steps,
        lambda epoch: _cut_windows(streams["train"], steps),
        lambda split: _cut_windows(streams[split], steps),
        evaluate_baselines(
            lambda split: convert_loss(kind.metrics, _unigram_loss(streams, list(number.values()), split, steps))
        ),
        text_decoder=TextDecoder(lambda numbers: kind.join_symbols(names[n] for n in numbers), kind.generated_length),
        reads=describe_corpus(path, kind.name, corpus) if corpus else None,
    )


def split_symbols(kind: SymbolKind, size: int, seed: int, corpus: Corpus | None = None) -> Splits:
    """Return the symbols of the three splits, at most `size` of them for training.

    The seed assigns the topics of the documentation to the splits; no topic is in two of them, and each split has symbols of
    all its topics. A user's text (`corpus`) is split by position, or comes in splits; the seed has no effect on it.
    """
    sizes = {"train": size, "validation": max(kind.max_held_out, size // HELD_OUT_DIVISOR)}
    sizes["test"] = sizes["validation"]
    if corpus:
        tokenize = kind.tokenize_ptb if corpus.is_prepared else kind.tokenize_text
        return {split: list(islice(tokenize(text), sizes[split])) for split, text in corpus.splits.items()}
    topics = [kind.tokenize_topic(paragraphs) for paragraphs in load_topics().values()]
    shuffled = [topics[i] for i in np.random.default_rng(seed).permutation(len(topics))]
    held_out = len(shuffled) * HELD_OUT_TOPICS_PERCENT // 100
    splits = {
        "validation": shuffled[:held_out],
        "test": shuffled[held_out : 2 * held_out],
        "train": shuffled[2 * held_out :],
    }
    return {split: _shorten_topics(some, sizes[split]) for split, some in splits.items()}


def _shorten_topics(topics: list[list[str]], size: int) -> list[str]:
    # The beginning of every topic, in proportion to its length.
    share = min(1.0, size / sum(map(len, topics)))
    return [symbol for topic in topics for symbol in topic[: round(share * len(topic))]]


def _make_streams(symbols: list[str], number: Mapping[str, int], batch: int) -> Ints:
    length = len(symbols) // batch
    numbers = (number.get(symbol, UNKNOWN_TARGET) for symbol in symbols)
    return np.fromiter(islice(numbers, length * batch), np.int64).reshape(batch, length).T


def _cut_windows(stream: Ints, steps: int) -> Iterator[Batch]:
    for start in range(0, len(stream) - steps, steps):
        x, y = np.maximum(stream[start : start + steps], 0), stream[start + 1 : start + steps + 1]
        yield Batch(x, y, starts_sequence=start == 0)


def _unigram_loss(streams: Mapping[str, Ints], vocabulary: list[int], split: str, steps: int) -> float:
    # The loss of the add-one unigram model on the targets: symbol frequencies of the training split, without any context.
    training = streams["train"]
    counts = np.bincount(training[training >= 0], minlength=max(vocabulary) + 1)[vocabulary] + 1.0
    loss = np.zeros(max(vocabulary) + 1)
    loss[vocabulary] = -np.log(counts / counts.sum())
    stream = streams[split]
    targets = stream[1 : (len(stream) - 1) // steps * steps + 1]
    return float(loss[targets[targets >= 0]].mean())


def _check_length(kind: SymbolKind, splits: Splits, steps: int, batch: int, is_one_text: bool) -> None:
    """Raise Invalid if a split does not fill one window. is_one_text: the splits are cut from one text."""
    name = min(splits, key=lambda name: len(splits[name]))
    least = batch * (steps + 1)
    if len(splits[name]) < least:
        whole = _(" (about {n} in the whole text)").format(n=-(-100 * least // HELD_OUT_PERCENT)) if is_one_text else ""
        raise Invalid(
            _(
                "The {part} split of the text has {n} of the {least} {symbols} that one window of {steps} steps × {batch} "
                "samples needs at least{whole}. Take more text, or fewer steps or samples."
            ).format(
                part=_(SPLIT_LABELS[name]),
                n=len(splits[name]),
                least=least,
                symbols=_(kind.noun),
                steps=steps,
                batch=batch,
                whole=whole,
            ),
            "batch",
        )


def _check_streams(kind: SymbolKind, streams: Mapping[str, Ints], steps: int, batch: int, number: Mapping[str, int]) -> None:
    noun = _(kind.noun)
    if len(number) < 2:
        raise Invalid(
            _("Only {n} of the training {symbols} occur more than once: too few to learn from. Take another text.").format(
                symbols=noun, n=len(number)
            ),
            "corpus",
        )
    windows = (len(streams["validation"]) - 1) // steps
    for name, stream in streams.items():
        if not (stream[1 : windows * steps + 1] >= 0).any():
            raise Invalid(
                _(
                    "None of the first {symbols} of the {part} split occurs in the training split: there are no targets. "
                    "Take another text."
                ).format(symbols=noun, part=name),
                "corpus",
            )
    if (size := steps * batch * (len(number) + 1)) > MAX_LOGITS:
        raise Invalid(
            _(
                "{steps} steps × {batch} samples × {n} different {symbols} make {size} logits; at most {most} fit in "
                "memory. Make one of them smaller."
            ).format(steps=steps, batch=batch, n=len(number), symbols=noun, size=size, most=MAX_LOGITS),
            "batch",
        )
