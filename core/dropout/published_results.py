"""What the papers report, and where each number was read."""

from dataclasses import dataclass

from core.i18n import N_

PAPER = N_("read in the paper or in its code")
TRANSCRIPTION = N_("from an abstract or a transcription, not checked in the paper")


@dataclass(frozen=True)
class Published:
    """One result of a method: on which data, with which network, the measure and its value(s), where it was read."""

    method: str
    data: str
    network: str
    measure: str
    value: str
    read: str


_PTB = N_("Penn Treebank, words")
BOTH = N_("perplexity, validation / test")

PUBLISHED = (
    Published("none", _PTB, N_("2 × 200, not regularised (Zaremba et al.)"), BOTH, "120.7 / 114.5", TRANSCRIPTION),
    Published("none", _PTB, N_("mean of 2, 5, 10 such networks"), BOTH, "100.4 / 96.1, 87.9 / 84.1, 83.5 / 80.0",
              TRANSCRIPTION),
    Published("zaremba2014", _PTB, N_("2 × 650, medium, p = .5"), BOTH, "86.2 / 82.7", TRANSCRIPTION),
    Published("zaremba2014", _PTB, N_("2 × 1500, large, p = .65"), BOTH, "82.2 / 78.4", TRANSCRIPTION),
    Published("zaremba2014", _PTB, N_("mean of 2, 5, 10 medium networks"), BOTH,
              "80.6 / 77.0, 76.7 / 73.3, 75.2 / 72.0", TRANSCRIPTION),
    Published("zaremba2014", N_("Icelandic speech"), N_("without → with dropout"),
              N_("frame accuracy %, training / validation"), "71.6 / 68.9 → 69.4 / 70.5", TRANSCRIPTION),
    Published("zaremba2014", N_("WMT'14, English to French"), N_("4 × 1000, p = .2, without → with"),
              N_("test perplexity; BLEU"), "5.8 → 5.0; 25.9 → 29.03", TRANSCRIPTION),
    Published("zaremba2014", N_("MSCOCO captions"), N_("without → with dropout"), "BLEU", "23.5 → 24.3", TRANSCRIPTION),
    Published("gal2016", _PTB, N_("medium, mean weights"), BOTH, "81.8 / 79.7", TRANSCRIPTION),
    Published("gal2016", _PTB, N_("large, mean weights"), BOTH, "77.3 / 75.0", TRANSCRIPTION),
    Published("gal2016-untied", _PTB, N_("medium, mean weights"), BOTH, "81.9 / 79.7", TRANSCRIPTION),
    Published("gal2016-untied", _PTB, N_("large, mean weights"), BOTH, "77.9 / 75.2", TRANSCRIPTION),
    Published("gal2016-untied", _PTB, N_("medium, Monte Carlo"), N_("perplexity, test"), "78.6", TRANSCRIPTION),
    Published("gal2016-untied", _PTB, N_("large, Monte Carlo"), N_("perplexity, test"), "73.4", TRANSCRIPTION),
    Published("merity2017", _PTB, "AWD-LSTM", BOTH, "60.0 / 57.3", TRANSCRIPTION),
    Published("krueger2016", N_("Penn Treebank, characters"), "LSTM", N_("bits per character, validation / test"),
              "1.362 / 1.27", PAPER),
    Published("krueger2016", _PTB, "LSTM", BOTH, "81.4 / 77.4", PAPER),
)  # fmt: skip
NOTE = N_(
    "The original loss is a mean over the batch but a sum over time: its learning rate of 1 and its clip of 5 need the "
    "mean times the unrolled steps in PyTorch."
)


def published(method: str) -> list[Published]:
    """What is reported of a method."""
    return [row for row in PUBLISHED if row.method == method]
