"""The results of a study in words and numbers: a row of a table and a sentence for each experiment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from core.experiment.study import Study
from core.figures.run_summary import format_epoch, format_metric
from core.figures.study_differences import Difference
from core.i18n import N_, _, ngettext
from core.results.interval import Interval
from core.results.study_progress import FINISHED, Point, Progress, find_best_point, get_metric
from core.results.study_stats import BETTER, EQUAL, WORSE, PairResult, RunKey, SplitResult
from core.results.study_table import describe_pair, format_difference
from core.tasks.metrics import METRICS

HEAD = (N_("best validation"), N_("at epoch"), N_("updates"), N_("seconds"), N_("final test"), N_("gap"))
VERDICTS = {BETTER: N_("better"), WORSE: N_("worse"), EQUAL: N_("equal"), "": N_("not compared")}
OPEN = N_("undecided")  # the verdict that these seeds do not give


@dataclass(frozen=True)
class OverviewRow:
    """One experiment of the table: texts, "–" where nothing is known yet. runs: how many have ended, of how many."""

    name: str
    best: str
    epoch: str
    updates: str
    seconds: str
    test: str
    gap: str
    runs: str

    def list_cells(self) -> list[str]:
        """Return the cells below `HEAD`."""
        return [self.best, self.epoch, self.updates, self.seconds, self.test, self.gap]


@dataclass(frozen=True)
class Verdict:
    """What the study says of an experiment against the first. word: one or two words."""

    name: str
    word: str
    kind: str
    sentence: str


def build_overview(
    study: Study, runs: Mapping[RunKey, Progress], results: Mapping[str, SplitResult] | None
) -> list[OverviewRow]:
    """Return a row for each experiment: means over the runs that have ended, with intervals once there are statistics.

    Before the first end, the values of the run that goes on.
    """
    return [_build_row(study, name, runs, results) for name in study.names]


def explain_overview(metric: str) -> str:
    """Return what the columns of the table mean."""
    return _(
        "Best validation {metric} of each run, mean ± half of the 95 % interval; the epoch, the updates and the training "
        "time up to it are medians. The time is a share of the whole run's; of recorded runs it is processor time. Gap: "
        "validation loss - clean training loss at the end."
    ).format(metric=_(METRICS[metric].label))


def list_verdicts(study: Study, results: Mapping[str, SplitResult] | None) -> list[Verdict]:
    """Return the verdict on each experiment but the first; nothing is claimed of one seed, or before there are statistics."""
    pairs = {pair.name: pair for pair in results["validation"].pairs} if results else {}
    return [_make_verdict(pairs[name], get_metric(study)) for name in study.names[1:] if name in pairs]


def describe_evidence(study: Study, runs: Mapping[RunKey, Progress]) -> str:
    """Return how much the seeds that have ended allow to say."""
    ended = count_ended_seeds(study, runs)
    if len(study.names) == 1:
        return _("There is one experiment: add another one to compare it with.")
    if len(study.seeds) == 1:
        return _(
            "One run proves nothing: with another seed the order can be another one. Take at least 3 seeds to learn what can "
            "be told apart."
        )
    if ended < 2:
        return _("No verdict yet: it needs at least two seeds of every experiment.")
    return ngettext("From {n} seed of each.", "From {n} seeds of each.", ended).format(n=ended)


def count_ended_seeds(study: Study, runs: Mapping[RunKey, Progress]) -> int:
    """Return for how many seeds every experiment has come to its end."""
    return sum(all(runs[name, seed]["state"] in (FINISHED, "failed") for name in study.names) for seed in study.seeds)


def list_differences(
    study: Study, runs: Mapping[RunKey, Progress], results: Mapping[str, SplitResult] | None, slots: Mapping[str, int]
) -> list[Difference]:
    """Return the differences to the first experiment in the best validation value, seed by seed, and their intervals."""
    metric, (reference, *others) = get_metric(study), study.names
    pairs = {pair.name: pair for pair in results["validation"].pairs} if results else {}
    rows = []
    for name in others:
        bests = [
            (_find_ended_best(runs[name, seed], metric), _find_ended_best(runs[reference, seed], metric))
            for seed in study.seeds
        ]
        values = [one.metric - other.metric for one, other in bests if one and other]
        pair = pairs.get(name)
        interval = pair.interval if pair else None
        if len(values) == 1:  # a hollow dot: one seed has no interval
            interval = Interval(values[0], float("-inf"), float("inf"))
        rows.append(Difference(name, slots[name], interval, values, _format_difference(pair, values, metric)))
    return rows


def _format_difference(pair: PairResult | None, values: Sequence[float], metric: str) -> str:
    if pair is not None and pair.interval is not None and len(values) > 1:
        return format_difference(pair, metric).split(" [")[0] + _format_half_width(pair.interval, metric)
    scale = 100 if METRICS[metric].is_percentage else 1
    return f"{scale * values[0]:+.3g}".replace("-", "−") if values else ""


def _format_half_width(interval: Interval, metric: str) -> str:
    half = interval.half_width * (100 if METRICS[metric].is_percentage else 1)
    digits = f"{half:.0f}" if half >= 10 else f"{half:.2g}"
    return f" ± {digits}" if 0 < half < float("inf") else ""


def _build_row(
    study: Study, name: str, runs: Mapping[RunKey, Progress], results: Mapping[str, SplitResult] | None
) -> OverviewRow:
    metric, mine = get_metric(study), [runs[name, seed] for seed in study.seeds]
    ended = [run for run in mine if run["state"] == FINISHED]
    chosen = ended or [run for run in mine if run["points"]][:1]
    bests = [(run, best) for run in chosen if (best := find_best_point(run["points"], metric))]
    count = _("{n} of {total}").format(n=sum(run["state"] in (FINISHED, "failed") for run in mine), total=len(mine))
    if not bests:
        return OverviewRow(name, "–", "–", "–", "–", "–", "–", count)
    intervals = {split: _find_interval(results, split, name) for split in ("validation", "test")}
    gaps = [point.val_loss - point.train_loss for run in chosen if (point := _get_last_point(run))]
    return OverviewRow(
        name,
        best=_format_mean([best.metric for _run, best in bests], intervals["validation"], metric),
        epoch=format_epoch(round(median(best.epoch for _run, best in bests), 1)),
        updates=f"{median(best.update for _run, best in bests):.0f}",
        seconds=f"{median(_share_seconds(run, best) for run, best in bests):.0f}" if ended else "–",
        test=_format_mean([run["test"] for run in ended if run["test"] is not None], intervals["test"], metric),
        gap=f"{median(gaps):+.2f}".replace("-", "−") if gaps else "–",
        runs=count,
    )


def _share_seconds(run: Progress, best: Point) -> float:
    return float(run["seconds"]) * best.update / max(1, int(run["update"]))


def _get_last_point(run: Progress) -> Point | None:
    point = Point(*run["points"][-1])
    return None if None in (point.train_loss, point.val_loss) else point


def _find_interval(results: Mapping[str, SplitResult] | None, split: str, name: str) -> Interval | None:
    rows = results[split].experiments if results else ()
    return next((row.interval for row in rows if row.name == name), None)


def _format_mean(values: Sequence[float], interval: Interval | None, metric: str) -> str:
    if not values:
        return "–"
    return format_metric(metric, fmean(values)) + (_format_half_width(interval, metric) if interval and len(values) > 1 else "")


def _find_ended_best(run: Progress, metric: str) -> Point | None:
    return find_best_point(run["points"], metric) if run["state"] == FINISHED else None


def _make_verdict(pair: PairResult, metric: str) -> Verdict:
    word = _(VERDICTS[pair.verdict]) if pair.verdict in VERDICTS else _(OPEN)
    return Verdict(pair.name, word, pair.verdict, describe_pair(pair, metric))
