"""A recorded study in a file, gzipped JSON: its runs with their curves, its statistics, and where and how it was made."""

import gzip
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.errors import Invalid
from core.experiment.study import Study, study_from_plain, study_to_json
from core.i18n import _
from core.results.run_folder import StoredRun
from core.results.study_answer import results_from_plain, results_to_plain
from core.results.study_progress import Progress, apply_news, list_keys, make_progress, select_ended
from core.results.study_stats import RunKey, SplitResult, analyze_study
from core.runs.recording import FOLDER
from core.runs.studies import News, list_news

MADE = ("date", "commit", "command", "machine", "torch")


@dataclass(frozen=True)
class RecordedStudy:
    """A recorded study. runs: by key. results: by split, every experiment against the first. made: date, commit, command."""

    study: Study
    runs: Mapping[str, Progress]
    results: Mapping[str, SplitResult]
    made: Mapping[str, str]


def build_recording(study: Study, stored: Mapping[RunKey, StoredRun], command: str) -> dict[str, Any]:
    """Return a recorded study as plain data. stored: every run. command: that made it."""
    keys = list(list_keys(study))
    news = [one for number, key in enumerate(keys) for one in _list_news(number, stored[key])]
    runs = [make_progress() for _key in keys]
    apply_news(runs, news)
    ended = select_ended(study, dict(zip(keys, runs, strict=True)))
    origin = next(iter(stored.values())).run
    return {
        "study": json.loads(study_to_json(study)),
        "news": [_round_news(one) for one in news],
        "results": results_to_plain(analyze_study(study, ended, against_first=True)),
        "made": {"command": command} | {name: getattr(origin, name) for name in MADE if name != "command"},
    }


def write_recording(path: Path, recording: Mapping[str, Any]) -> None:
    """Write a recorded study. The same study gives the same bytes."""
    path.write_bytes(gzip.compress(json.dumps(recording, separators=(",", ":")).encode(), mtime=0))


@lru_cache(maxsize=8)
def read_recording(path: Path) -> RecordedStudy:
    """Read a recorded study. Raises Invalid if the file is missing or damaged."""
    try:
        data = json.loads(gzip.decompress(path.read_bytes()))
        study = study_from_plain(data["study"])
        keys = list_keys(study)
        runs = [make_progress() for _key in keys]
        apply_news(runs, data["news"])
        made = {name: str(data["made"][name]) for name in MADE}
        return RecordedStudy(study, dict(zip(keys.values(), runs, strict=True)), results_from_plain(data["results"]), made)
    except (OSError, EOFError, ValueError, KeyError, TypeError, IndexError, RecursionError, zlib.error) as error:
        why = error if isinstance(error, Invalid) else getattr(error, "strerror", None) or _("it is damaged.")
        raise Invalid(_("The recorded study {name} cannot be read: {why}").format(name=path.name, why=why)) from None


def get_recording_path(task: str) -> Path:
    """Return the file of the recorded study of a task, which need not exist."""
    return FOLDER / f"study-{task}.json.gz"


def _list_news(number: int, stored: StoredRun) -> list[News]:
    """Return the news of a stored run, with its processor time: other programs may have used the machine meanwhile."""
    news = list_news(number, stored.events)
    return [(*one[:5], stored.run.processor, one[6]) if one[0] == "ended" else one for one in news]


def _round_news(news: News) -> Sequence[Any]:
    # Losses to six digits: more cannot be drawn, and the file is a third as large. The compared values keep all of theirs.
    return [float(f"{value:.6g}") if news[0] == "point" and index in (4, 5) else value for index, value in enumerate(news)]
