"""python -m core bench: time the engine against PyTorch's modules, a plain loop and the arithmetic floor."""

import argparse
import json
import platform
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

from core.benchmark.case import BATCH, LAYERS, STEPS, Case
from core.benchmark.markdown import format_table
from core.cli.arguments import add_json_option, parse_integer
from core.dropout.cells import CELLS, GATES
from core.dropout.methods import METHODS, get_method
from core.experiment.bounds import ENGINES, HIDDEN_BOUNDS, INTEGER_BOUNDS, THREAD_BOUNDS, check_integer
from core.i18n import N_, _
from core.training.allocator import keep_freed_memory

HELP = N_("time the engine: each cell and method, beside torch's module without dropout, a plain loop and the arithmetic")
LEGEND = N_("""ms: forward + backward on given masks, the median (fastest–slowest)
torch: so many times as long as torch's module of this shape without dropout
loop: so many times faster than a plain loop with these masks
floor: the share that is reached of what the arithmetic allows
µs: of ms, for each step, sample and layer
draw: the share of an update that draws its masks
keras: so many times faster a whole update is than that of Keras, where it is installed""")
SIZES = (32, 64, 128, 200, 256)
# The table's columns: width (negative: aligned to the left), and the text for a row.
COLUMNS: dict[str, tuple[int, Callable[[dict[str, Any]], str]]] = {
    "cell": (-12, lambda row: row["cell"]),
    "method": (-26, lambda row: row["method"]),
    "H": (4, lambda row: f"{row['hidden']}"),
    "T": (4, lambda row: f"{row['steps']}"),
    "B": (4, lambda row: f"{row['batch']}"),
    "L": (2, lambda row: f"{row['layers']}"),
    "engine": (-10, lambda row: row["engine"]),
    "ms": (22, lambda row: "{:.2f} ({:.2f}–{:.2f})".format(row["ms"], *row["spread"])),
    "torch": (6, lambda row: f"{row['ms'] / row['torch_ms']:.2f}"),
    "loop": (6, lambda row: f"{row['loop_ms'] / row['ms']:.2f}"),
    "floor": (6, lambda row: f"{row['floor_ms'] / row['ms']:.0%}"),
    "µs": (6, lambda row: f"{1000 * row['ms'] / (row['steps'] * row['batch'] * row['layers']):.2f}"),
    "draw": (5, lambda row: f"{row['draw_ms'] / row['update_ms']:.0%}"),
    "update": (7, lambda row: f"{row['update_ms']:.2f}"),
    "steps/s": (9, lambda row: f"{row['steps_per_s']}"),
    "keras": (6, lambda row: f"{row['keras_ms'] / row['update_ms']:.1f}" if "keras_ms" in row else "–"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--cell", nargs="+", choices=CELLS, default=list(CELLS), metavar="C")
    parser.add_argument("--method", nargs="+", metavar="NAME", help=_("only these methods; all, if left out"))
    for name, default in (("hidden", SIZES), ("steps", (STEPS,)), ("batch", (BATCH,)), ("layers", (LAYERS,))):
        parser.add_argument(f"--{name}", nargs="+", type=parse_integer, default=list(default), metavar="N")
    parser.add_argument("--engine", choices=ENGINES, default="auto")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--threads", type=parse_integer, metavar="N", help=_("of torch; its own choice, if left out"))
    parser.add_argument("--rounds", type=parse_integer, default=9, metavar="N", help=_("how many count; the median is shown"))
    parser.add_argument("--markdown", action="store_true", help=_("at the end, the two ratios in Markdown, as in the README"))
    add_json_option(parser)


def run(args: argparse.Namespace) -> int:
    """Print a row for each cell, method and size. Raises Invalid."""
    _check_sizes(args)
    cases = list(_list_cases(args))
    import torch  # imported here, so that no other command waits for it

    from core.benchmark.floor import SQUARE_SIZE, measure_peak
    from core.benchmark.table import measure_case
    from core.training.trainer import get_device

    keep_freed_memory()
    if args.threads:
        torch.set_num_threads(args.threads)
    device = get_device(args.device)
    if not args.json:
        _print_head(torch.get_num_threads(), torch.__version__, measure_peak(SQUARE_SIZE, SQUARE_SIZE, SQUARE_SIZE, device))
    rows = []
    for case in cases:
        peak_rate = measure_peak(len(GATES[case.cell]) * case.hidden, case.hidden, case.batch, device)
        rows.append(measure_case(case, peak_rate, args.rounds))
        texts = {name: text(rows[-1]) for name, (_width, text) in COLUMNS.items()}
        print(json.dumps(rows[-1]) if args.json else _format_line(texts), flush=True)
    if args.markdown:
        print(*format_table(rows), sep="\n")
    return 0


def _list_cases(args: argparse.Namespace) -> Iterator[Case]:
    methods = [get_method(name).name for name in args.method or METHODS]
    for cell, name, *sizes in product(args.cell, methods, args.hidden, args.steps, args.batch, args.layers):
        if cell in METHODS[name].cells:
            hidden, steps, batch, layers = sizes
            yield Case(cell, name, hidden, steps, batch, layers, args.device, args.engine)


def _check_sizes(args: argparse.Namespace) -> None:
    bounds = {
        "hidden": HIDDEN_BOUNDS,
        "steps": (3, INTEGER_BOUNDS["steps"][1]),
        "batch": INTEGER_BOUNDS["batch"],
        "layers": INTEGER_BOUNDS["layers"],
    }
    for name, allowed in bounds.items():
        for value in getattr(args, name):
            check_integer(name, value, allowed)
    check_integer("rounds", args.rounds, (1, 1000))
    if args.threads is not None:
        check_integer("threads", args.threads, THREAD_BOUNDS)


def _print_head(threads: int, version: str, square: float) -> None:
    print(
        _("{machine}, {threads} threads, torch {version}; a large square product reaches {rate:.0f} GFLOP/s").format(
            machine=platform.processor() or platform.machine(), threads=threads, version=version, rate=square / 1e6
        )
    )
    print(_(LEGEND))
    print(_format_line({name: name for name in COLUMNS}))


def _format_line(texts: dict[str, str]) -> str:
    widths = {name: width for name, (width, _text) in COLUMNS.items()}
    return " ".join(f"{texts[name]:<{-width}}" if width < 0 else f"{texts[name]:>{width}}" for name, width in widths.items())
