"""The part of the script that loads recorded data: a time series, images of digits, and speech."""

from core.experiment.experiment import Experiment
from core.export.lines import format_comment, format_docstring, indent_lines
from core.export.own_file import write_file_choice, write_options
from core.export.sequences import build_shuffled_windows
from core.i18n import _
from core.tasks.captions import DIGIT_NAMES, LETTERS, PIXEL_COUNT
from core.tasks.digits import HELD_OUT_IMAGES as HELD
from core.tasks.digits import MAX_BRIGHTNESS
from core.tasks.series import HELD_OUT_PERCENT, ROUNDING, SUNSPOTS
from core.tasks.series_file import load_csv_column
from core.tasks.speech import FRAMES, HELD_OUT_VOICES, SILENCE
from core.tasks.task import get_text

YEARS = 30  # the last years of the sunspot numbers, one line each


def build_series(e: Experiment) -> list[str]:
    """Return the lines of load_data() for the time series."""
    months = [f"{value:g}" for value in load_csv_column(str(SUNSPOTS))[-12 * YEARS :]]
    return [
        'SERIES = """',
        *(" ".join(months[start : start + 12]) for start in range(0, len(months), 12)),
        '"""',
        *write_options(e),
        f"COLUMN, POINTS = {get_text(dict(e.options), 'column')!r}, {dict(e.options)['points']}",
        "",
        "",
        "def load_data():",
        *format_docstring(
            _(
                "Forecast the change to the next value. The series is read from the file named on the command line, as the app "
                "reads it; without one it is the monthly sunspot numbers of 1979 to 2008 (SILSO, Royal Observatory of "
                "Belgium). y is NaN after the end. Inputs and targets are scaled by the training split."
            )
        ),
        *write_file_choice(),
        "    values = read_series(file, COLUMN).values if file else np.array([float(number) for number in SERIES.split()])",
        f"    values = values if file else np.tile(values, 1 + 16 * B // len(values))  # {_('fill B streams')}",
        f"    held_out = len(values) * {HELD_OUT_PERCENT} // 100",
        "    end = len(values) - 2 * held_out",
        '    splits = {"train": values[max(0, end - POINTS) : end], "validation": values[end : end + held_out]}',
        '    training, changes = splits["train"], np.diff(splits["train"])',
        "",
        "    def scale(values, by):",
        f"        is_constant = by.std() <= {ROUNDING} * abs(training).max()",
        "        return torch.tensor(((values - by.mean()) / (1 if is_constant else by.std())).astype(np.float32))",
        "",
        "    def windows(split):",
        *format_comment(_("B parallel streams; the state is carried from window to window."), " " * 8),
        "        length = len(splits[split]) // B",
        "        stream = splits[split][: length * B].reshape(B, length).T",
        "        inputs, targets = scale(stream[:-1], training), scale(np.diff(stream, axis=0), changes)",
        "        for start in range(0, len(inputs), T):",
        "            x, y = torch.zeros(T, B, 1), torch.full((T, B), torch.nan)",
        "            length = len(inputs[start : start + T])",
        "            x[:length, :, 0], y[:length] = inputs[start : start + T], targets[start : start + T]",
        "            yield x, y, start == 0",
        "",
        "    return 0, 1, windows",
    ]


def build_digits(e: Experiment) -> list[str]:
    """Return the lines of load_data() for the digits."""
    options = dict(e.options)
    permuted = [
        "    pixels = torch.randperm(64, generator=torch.Generator().manual_seed(0))",
        "    images = images[:, pixels]",
    ]
    return [
        f"IMAGES = {options['images']}",
        "",
        "",
        "def load_data():",
        *format_docstring(
            _("Name a digit after its last row, or pixel. The images are from scikit-learn, which must be installed.")
        ),
        "    from sklearn.datasets import load_digits",
        "",
        f"    generator = torch.Generator().manual_seed({e.data_seed})",
        "    images, digits = (torch.from_numpy(array) for array in load_digits(return_X_y=True))",
        *(permuted if options["order"] == "permuted" else []),
        "    x, y = torch.zeros(len(images), T, E), torch.full((len(images), T), -1)",
        "    x[:, : 64 // E], y[:, 64 // E - 1] = images.view(-1, 64 // E, E) / 16 - 0.5, digits",
        *build_image_splits(),
        "",
        *indent_lines(build_shuffled_windows()),
        "",
        "    return 0, 10, windows",
    ]


def build_captions(e: Experiment) -> list[str]:
    """Return the lines of load_data() for the captions."""
    return [
        f"IMAGES = {dict(e.options)['images']}",
        f'NAMES = "{" ".join(DIGIT_NAMES)}".split()',
        f'LETTERS = "{"".join(LETTERS)}"',
        "",
        "",
        "def load_data():",
        *format_docstring(
            _(
                "Read the image of a digit at the first step, then write its name. The correct previous letter is the input, "
                "in the evaluation too. The images are from scikit-learn, which must be installed."
            )
        ),
        "    from sklearn.datasets import load_digits",
        "",
        f"    generator = torch.Generator().manual_seed({e.data_seed})",
        "    images, digits = (torch.from_numpy(array) for array in load_digits(return_X_y=True))",
        "    x, y = torch.zeros(len(images), T, E), torch.full((len(images), T), -1)",
        f"    x[:, 0, :{PIXEL_COUNT}] = images / {MAX_BRIGHTNESS}",
        "    for digit, name in enumerate(NAMES):",
        "        for t, letter in enumerate(name + LETTERS[0]):",
        "            y[digits == digit, t] = LETTERS.index(letter)",
        "            if t + 1 <= len(name):",
        f"                x[digits == digit, t + 1, {PIXEL_COUNT} + LETTERS.index(letter)] = 1",
        *build_image_splits(),
        "",
        *indent_lines(build_shuffled_windows()),
        "",
        "    return 0, len(LETTERS), windows",
    ]


def build_image_splits() -> list[str]:
    """Return the lines that split the images x [N, T, E] and targets y [N, T]."""
    return [
        "    order = torch.randperm(len(images), generator=generator)",
        f"    held_out, training = order[:{HELD}], order[{2 * HELD}:][:IMAGES]",
        '    splits = {"train": (x[training], y[training]), "validation": (x[held_out], y[held_out])}',
    ]


def build_speech(e: Experiment) -> list[str]:
    """Return the lines of load_data() for the spoken digits."""
    voices, held = dict(e.options)["voices"], HELD_OUT_VOICES["validation"]
    return [
        f"VOICES = {voices}",
        "",
        "",
        "def load_data():",
        *format_docstring(
            _(
                "Name at every frame the spoken digit, or silence. The recordings are read from the file named on the command "
                "line, the project's speech.npz; without one they are gliding tones, whose pitch differs by voice."
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
        f"    training, held_out = (torch.isin(voice, one) for one in (voices[{held}:][:VOICES], voices[:{held}]))",
        "    std, mean = torch.std_mean(features[training].float(), dim=(0, 1))",
        "    x, y = torch.zeros(len(voice), T, E), torch.full((len(voice), T), -1)",
        f"    targets = torch.where(inside, digit[:, None].long(), {SILENCE})",
        f"    x[:, :{FRAMES}], y[:, :{FRAMES}] = (features - mean) / std, targets",
        '    splits = {"train": (x[training], y[training]), "validation": (x[held_out], y[held_out])}',
        "",
        *indent_lines(build_shuffled_windows()),
        "",
        f"    return 0, {SILENCE + 1}, windows",
    ]
