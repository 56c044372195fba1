"""The part of the script that makes data which were measured: a time series, images of digits, and speech."""

from core.experiment.experiment import Experiment
from core.export.lines import doc, indented, note
from core.export.sequences import shuffled
from core.i18n import _
from core.tasks.captions import LETTERS, NAMES, PIXELS
from core.tasks.digits import BRIGHTEST
from core.tasks.digits import HELD_OUT as HELD
from core.tasks.file_readers import read_column
from core.tasks.series import SUNSPOTS
from core.tasks.speech import FRAMES, HELD_OUT, SILENCE

YEARS = 30  # of the sunspot numbers: the last ones, a line each


def series(e: Experiment) -> list[str]:
    """data() of the time series."""
    months = [f"{value:g}" for value in read_column(str(SUNSPOTS))[-12 * YEARS :]]
    return [
        'SERIES = """',
        *(" ".join(months[start : start + 12]) for start in range(0, len(months), 12)),
        '"""',
        "",
        "",
        "def data():",
        *doc(
            _(
                "Forecast the change to the next value. The series is the file of numbers named on the command line, or "
                "else the monthly sunspot numbers of 1979 to 2008 (SILSO, Royal Observatory of Belgium); y is not a number "
                "where it is over. All is scaled by the training part."
            )
        ),
        '    text = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8") if len(sys.argv) > 1 else SERIES',
        "    values = torch.tensor([float(number) for number in text.split()])",
        f"    values = values.repeat(1 + 16 * B // len(values))  # {_('enough for B streams; a long one is not repeated')}",
        "    held_out = len(values) // 5",
        '    parts = {"train": values[:-held_out], "validation": values[-held_out:]}',
        '    trained, changes = parts["train"], parts["train"].diff()',
        "",
        "    def windows(part):",
        *note(_("B streams side by side; the state is carried from window to window."), " " * 8),
        "        stream = parts[part][: len(parts[part]) // B * B].view(B, -1).T",
        "        read = (stream[:-1] - trained.mean()) / trained.std()",
        "        right = (stream.diff(dim=0) - changes.mean()) / changes.std()",
        "        for start in range(0, len(read), T):",
        "            x, y = torch.zeros(T, B, 1), torch.full((T, B), torch.nan)",
        "            there = len(read[start : start + T])",
        "            x[:there, :, 0], y[:there] = read[start : start + T], right[start : start + T]",
        "            yield x, y, start == 0",
        "",
        "    return 0, 1, windows",
    ]


def digits(e: Experiment) -> list[str]:
    """data() of the digits."""
    options = dict(e.options)
    permuted = [
        "    pixels = torch.randperm(64, generator=torch.Generator().manual_seed(0))",
        "    images = images[:, pixels]",
    ]
    return [
        f"IMAGES = {options['images']}",
        "",
        "",
        "def data():",
        *doc(_("Name a digit after its last row, or pixel. The images are those of scikit-learn, which must be installed.")),
        "    from sklearn.datasets import load_digits",
        "",
        f"    generator = torch.Generator().manual_seed({e.data_seed})",
        "    images, digits = (torch.from_numpy(one) for one in load_digits(return_X_y=True))",
        *(permuted if options["order"] == "permuted" else []),
        "    x, y = torch.zeros(len(images), T, E), torch.full((len(images), T), -1)",
        "    x[:, : 64 // E], y[:, 64 // E - 1] = images.view(-1, 64 // E, E) / 16 - 0.5, digits",
        *dealt(),
        "",
        *indented(shuffled()),
        "",
        "    return 0, 10, windows",
    ]


def captions(e: Experiment) -> list[str]:
    """data() of the captions."""
    return [
        f"IMAGES = {dict(e.options)['images']}",
        f'NAMES = "{" ".join(NAMES)}".split()',
        f'LETTERS = "{"".join(LETTERS)}"',
        "",
        "",
        "def data():",
        *doc(
            _(
                "Look at a digit at the first step, and write its name: each letter is read before the next, and is the right "
                "one at an evaluation, too. The images are those of scikit-learn, which must be installed."
            )
        ),
        "    from sklearn.datasets import load_digits",
        "",
        f"    generator = torch.Generator().manual_seed({e.data_seed})",
        "    images, digits = (torch.from_numpy(one) for one in load_digits(return_X_y=True))",
        "    x, y = torch.zeros(len(images), T, E), torch.full((len(images), T), -1)",
        f"    x[:, 0, :{PIXELS}] = images / {BRIGHTEST}",
        "    for digit, name in enumerate(NAMES):",
        "        for t, letter in enumerate(name + LETTERS[0]):",
        "            y[digits == digit, t] = LETTERS.index(letter)",
        "            if t + 1 <= len(name):",
        f"                x[digits == digit, t + 1, {PIXELS} + LETTERS.index(letter)] = 1",
        *dealt(),
        "",
        *indented(shuffled()),
        "",
        "    return 0, len(LETTERS), windows",
    ]


def dealt() -> list[str]:
    """The parts of the images x [N, T, E] with y [N, T]."""
    return [
        "    order = torch.randperm(len(images), generator=generator)",
        f"    held_out, trained = order[:{HELD}], order[{2 * HELD}:][:IMAGES]",
        '    parts = {"train": (x[trained], y[trained]), "validation": (x[held_out], y[held_out])}',
    ]


def speech(e: Experiment) -> list[str]:
    """data() of the spoken digits."""
    voices, held = dict(e.options)["voices"], HELD_OUT["validation"]
    return [
        f"VOICES = {voices}",
        "",
        "",
        "def data():",
        *doc(
            _(
                "Say at every frame which digit is being spoken, or that none is. The recordings are those of the file "
                "named on the command line, the project's speech.npz, or else tones that glide, a little higher or lower "
                "by voice."
            )
        ),
        f"    generator = torch.Generator().manual_seed({e.data_seed})",
        "    if len(sys.argv) > 1:",
        "        import numpy",
        "",
        "        file = numpy.load(sys.argv[1])",
        '        names = ("features", "inside", "voice", "digit")',
        "        features, inside, voice, digit = (torch.from_numpy(file[name]) for name in names)",
        "    else:",
        f"        voice = torch.arange(VOICES + {held}).repeat_interleave(40)",
        "        digit = torch.arange(len(voice)) % 10",
        f"        begin = torch.randint(0, {FRAMES // 2}, (len(voice), 1), generator=generator)",
        f"        share = (torch.arange({FRAMES}) - begin) / {FRAMES // 2}",
        "        inside = (share >= 0) & (share < 1)",
        "        low, high = torch.randint(4, E - 4, (2, 10), generator=generator)[..., None]",
        "        tone = torch.lerp(low[digit] + 0.0, high[digit] + 0.0, share) + voice[:, None] % 5 - 2",
        "        loud = torch.exp(-((torch.arange(E) - tone[..., None]) ** 2) / 4) * inside[..., None]",
        "        features = loud + 0.3 * torch.randn(loud.shape, generator=generator)",
        "    voices = torch.randperm(int(voice.max()) + 1, generator=generator)",
        f"    trained, held_out = (torch.isin(voice, one) for one in (voices[{held}:][:VOICES], voices[:{held}]))",
        "    spread, mean = torch.std_mean(features[trained].float(), dim=(0, 1))",
        "    x, y = torch.zeros(len(voice), T, E), torch.full((len(voice), T), -1)",
        f"    right = torch.where(inside, digit[:, None].long(), {SILENCE})",
        f"    x[:, :{FRAMES}], y[:, :{FRAMES}] = (features - mean) / spread, right",
        '    parts = {"train": (x[trained], y[trained]), "validation": (x[held_out], y[held_out])}',
        "",
        *indented(shuffled()),
        "",
        f"    return 0, {SILENCE + 1}, windows",
    ]
