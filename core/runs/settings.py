"""The limits of the server, and where it stores runs.

The environment variable DTT_ with the field's name in capitals overrides each of them.

Nothing that a visitor sends can change a limit: links, uploads and experiments are only checked against them.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from core.errors import Invalid
from core.i18n import _

MB = 2**20
PREFIX = "DTT_"


@dataclass(frozen=True)
class Settings:
    """The limits and times of a service; sizes in megabytes, times in seconds.

    Processes:

    - workers: number of worker processes; 0: as many as cores and memory allow.
    - threads: threads of torch in each worker.
    - server_memory, worker_memory: memory of the app's process, and of a worker process before it holds any run.
    - ready_time: how long a worker may take to start.
    - stop_time: how long a run may go on after it was stopped.
    - silence_time: how long a busy worker may send nothing. A worker beyond one of these times is replaced.

    Runs:

    - slice_time: how long a run trains before the next one's turn.
    - runs_per_visit: runs of one visit that have not ended; ended_runs_per_visit: its ended runs that are kept.
    - study_runs: runs of a study that go on at once; the others of its runs follow.
    - resident_runs: runs that one worker holds in memory, and more only after a crash of another; residence_time: how long each
      stays if others wait.
    - waiting_runs: runs of all visits that wait for room.
    - run_memory: the largest accepted estimate for a run; 0: the room of one worker.
    - updates: the longest run. The command line trains longer ones.
    - save_interval: how often a training run is saved; pause_time: how long a paused run stays in memory.
    - crashes: how often in succession a run may end its worker without getting further, not counting repeated updates;
      crashes_in_all: how often altogether.

    Visits:

    - grace_time: how long runs go on to train after the visit's connection has closed; keep_time: how long all of it is kept.
    - idle_time: a visit that has not been renewed for so long counts as closed.
    - records: records of a run that are kept; beyond that, older ones are thinned.
    - predictions: updates whose predictions are kept.

    Pages:

    - drawn_numbers: random numbers of the masks that a page draws at once, of all sites, layers and columns.
    - heavy_numbers: a page that draws more of them waits for the turn of heavy pages.
    - heavy_paths: so does a page that counts the paths of more layers × steps. Both keep the other pages fast.

    Uploads:

    - upload_files, upload_memory: files and megabytes of one visit; uploads_memory: megabytes of all visits.
    - received_memory: megabytes of all visits that Streamlit holds in memory until a page has read them, at most upload_memory
      of one visit.
    - upload_idle_time: the files of a visit that has been idle for so long are removed if others need the room.

    Jobs (measurements and update traces):

    - jobs: processes at once. waiting_jobs: of all visits. kept_answers: answers of each kind that are remembered.
    - file_time, file_memory: limits of the process that checks an uploaded file; one at a time, beside the other jobs.
    - job_time, job_memory: limits of each job; the memory is smaller on a small machine (capacity.py).

    The store (core/store/):

    - store: the folder of its file; "" for a folder among the user's data, "none" to store nothing.
    - store_days: days for which a run is stored after its end; 0: for ever.
    - stored_runs_per_browser, store_memory_per_browser: runs and megabytes of their events that belong to one browser.
    - stored_runs, store_memory: the same of all browsers.
    - stored_studies_per_browser, stored_studies: studies of one browser, and of all. Of runs and studies the oldest go first.
    """

    workers: int = 0
    threads: int = 1
    server_memory: int = 250
    worker_memory: int = 250
    ready_time: float = 90.0
    stop_time: float = 3.0
    silence_time: float = 120.0
    slice_time: float = 0.1
    runs_per_visit: int = 32
    ended_runs_per_visit: int = 32
    study_runs: int = 8
    resident_runs: int = 24
    residence_time: float = 2.0
    waiting_runs: int = 300
    run_memory: int = 0
    updates: int = 200_000
    save_interval: float = 1.0
    pause_time: float = 60.0
    crashes: int = 2
    crashes_in_all: int = 25
    grace_time: float = 30.0
    keep_time: float = 600.0
    idle_time: float = 21_600.0
    records: int = 4000
    predictions: int = 300
    drawn_numbers: int = 16_000_000
    heavy_numbers: int = 2_000_000
    heavy_paths: int = 250
    upload_files: int = 10
    upload_memory: int = 10
    uploads_memory: int = 500
    received_memory: int = 30
    upload_idle_time: float = 600.0
    jobs: int = 1
    waiting_jobs: int = 30
    kept_answers: int = 50
    file_time: float = 20.0
    file_memory: int = 400
    job_time: float = 120.0
    job_memory: int = 1200
    store: str = ""
    store_days: float = 7.0
    stored_runs_per_browser: int = 200
    store_memory_per_browser: int = 50
    stored_runs: int = 20_000
    store_memory: int = 1000
    stored_studies_per_browser: int = 50
    stored_studies: int = 5000


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the limits, overridden by the environment. Raises Invalid for a value that is no number, or negative."""
    given: dict[str, Any] = {}
    for one in fields(Settings):
        name = PREFIX + one.name.upper()
        if name in environment:
            text, kind = environment[name], type(one.default)
            given[one.name] = text if kind is str else _read_number(name, text, kind)
    return Settings(**given)


def _read_number(name: str, text: str, kind: type) -> Any:
    try:
        value = kind(text)
    except ValueError:
        value = -1
    if not 0 <= value < float("inf"):
        raise Invalid(_("{name} is “{text}”; a number from 0 on is expected.").format(name=name, text=text), name)
    return value
