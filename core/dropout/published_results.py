"""Results that the papers report, with the source of each number."""

from dataclasses import dataclass

from core.i18n import N_

PAPER = N_("read in the paper or in its code")
TRANSCRIPTION = N_("from an abstract or a transcription, not checked in the paper")
CODE = N_("read in the authors' code: the first figures came from word masks that were drawn per token")


@dataclass(frozen=True)
class PublishedResult:
    """A published result of a method: data set, network, metric, its value or values, and where it was read."""

    method: str
    dataset: str
    network: str
    metric: str
    value: str
    source: str


_PTB = N_("Penn Treebank, words")
PERPLEXITIES = N_("perplexity, validation / test")

PUBLISHED_RESULTS = (
    PublishedResult("none", _PTB, N_("2 × 200, not regularised (Zaremba et al.)"), PERPLEXITIES, "120.7 / 114.5",
                    TRANSCRIPTION),
    PublishedResult("none", _PTB, N_("mean of 2, 5, 10 such networks"), PERPLEXITIES, "100.4 / 96.1, 87.9 / 84.1, 83.5 / 80.0",
                    TRANSCRIPTION),
    PublishedResult("zaremba2014", _PTB, N_("2 × 650, medium, p = .5"), PERPLEXITIES, "86.2 / 82.7", TRANSCRIPTION),
    PublishedResult("zaremba2014", _PTB, N_("2 × 1500, large, p = .65"), PERPLEXITIES, "82.2 / 78.4", TRANSCRIPTION),
    PublishedResult("zaremba2014", _PTB, N_("mean of 2, 5, 10 medium networks"), PERPLEXITIES,
                    "80.6 / 77.0, 76.7 / 73.3, 75.2 / 72.0", TRANSCRIPTION),
    PublishedResult("zaremba2014", N_("Icelandic speech"), N_("without → with dropout"),
                    N_("frame accuracy %, training / validation"), "71.6 / 68.9 → 69.4 / 70.5", TRANSCRIPTION),
    PublishedResult("zaremba2014", N_("WMT'14, English to French"), N_("4 × 1000, p = .2, without → with"),
                    N_("test perplexity; BLEU"), "5.8 → 5.0; 25.9 → 29.03", TRANSCRIPTION),
    PublishedResult("zaremba2014", N_("MSCOCO captions"), N_("without → with dropout"), "BLEU", "23.5 → 24.3", TRANSCRIPTION),
    PublishedResult("gal2016", _PTB, N_("medium, mean weights"), PERPLEXITIES, "81.8 / 79.7", TRANSCRIPTION),
    PublishedResult("gal2016", _PTB, N_("large, mean weights"), PERPLEXITIES, "77.3 / 75.0", TRANSCRIPTION),
    PublishedResult("gal2016-untied", _PTB, N_("medium, mean weights"), PERPLEXITIES, "81.9 / 79.7", TRANSCRIPTION),
    PublishedResult("gal2016-untied", _PTB, N_("large, mean weights"), PERPLEXITIES, "77.9 / 75.2", TRANSCRIPTION),
    PublishedResult("gal2016-untied", _PTB, N_("large, mean weights, corrected later by the authors"), PERPLEXITIES,
                    "77.46 / 75.11", CODE),
    PublishedResult("gal2016-untied", _PTB, N_("medium, Monte Carlo"), N_("perplexity, test"), "78.6", TRANSCRIPTION),
    PublishedResult("gal2016-untied", _PTB, N_("large, Monte Carlo"), N_("perplexity, test"), "73.4", TRANSCRIPTION),
    PublishedResult("gal2016-untied", _PTB, N_("large, Monte Carlo, corrected later by the authors"), N_("perplexity, test"),
                    "73.32", CODE),
    PublishedResult("moon2015", N_("TIMIT, core test set"), N_("deep bidirectional LSTM"), N_("phoneme error rate, %"), "16.29",
                    TRANSCRIPTION),
    PublishedResult("moon2015", N_("Wall Street Journal, dev93"), N_("deep bidirectional LSTM"), N_("word error rate, %"),
                    "5.53", TRANSCRIPTION),
    PublishedResult("semeniuta2016", N_("three language tasks"), "LSTM", N_("any metric"), N_("none found"),
                    N_("the abstract, which names no figure; the paper was not read")),
    PublishedResult("merity2017", _PTB, "AWD-LSTM", PERPLEXITIES, "60.0 / 57.3", TRANSCRIPTION),
    PublishedResult("krueger2016", N_("Penn Treebank, characters"), "LSTM", N_("bits per character, validation / test"),
                    "1.362 / 1.27", PAPER),
    PublishedResult("krueger2016", _PTB, N_("2 × 1500, Zaremba's large network with its dropout"), PERPLEXITIES, "81.4 / 77.4",
                    PAPER),
)  # fmt: skip
LOSS_NOTE = N_(
    "The original loss is a mean over the batch but a sum over time: its learning rate of 1 and its clip of 5 need the "
    "mean times the unrolled steps in PyTorch."
)


def list_published_results(method: str) -> list[PublishedResult]:
    """Return the published results of a method."""
    return [row for row in PUBLISHED_RESULTS if row.method == method]
