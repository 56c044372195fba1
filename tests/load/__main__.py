"""A class at once: python -m tests.load --sessions 30 --minutes 10 [--train N] [--workers N] [--arrive 60]
[--faults] [--attack NAME] [--cgroup DIR] [--server URL]

Starts the app's server, or takes one that runs on this machine, opens sessions over the websocket protocol, each of which
presses Play on the default experiment (with --train the first N only) and moves a rate now and then, and prints what they met
as a table. The seconds of training are those during which a worker named the run as the one that is on, looked at 50 times a
second, from when all curves had begun.
"""

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from urllib.parse import urlsplit

from tests.abuse.attacks import ATTACKS
from tests.load.attacker import Attack, attack
from tests.load.faults import SETTLED, Faults, find_lost
from tests.load.machine import Watch, serve
from tests.load.report import count_errors, format_report
from tests.load.student import Student

LOOPBACK = ("127.0.0.1", "localhost", "::1")
MOST_SESSIONS, MOST_MINUTES = 200, 60.0


def attend(
    url: str,
    sessions: int,
    minutes: float,
    arrive: float,
    on_begun: Callable[[], None] = lambda: None,
    seed: int = 0,
    faults: Faults | None = None,
    train: int | None = None,
) -> list[Student]:
    """Let so many students come within `arrive` seconds and stay until the minutes are over.

    on_begun: called once the curve of each of them has begun. faults: what goes wrong meanwhile. train: how many of them press
    Play, all if None.
    """
    return asyncio.run(_attend(url, sessions, minutes, arrive, on_begun, seed, faults, sessions if train is None else train))


async def _attend(
    url: str,
    sessions: int,
    minutes: float,
    arrive: float,
    on_begun: Callable[[], None],
    seed: int,
    faults: Faults | None,
    train: int,
) -> list[Student]:
    arrivals, end = random.Random(seed), time.monotonic() + 60 * minutes
    students = [Student(url, seed + 1 + number, number < train) for number in range(sessions)]
    ends = [one.attend(arrivals.uniform(0, arrive), end) for one in students]
    waiting = asyncio.create_task(_wait_until_begun(students, on_begun))
    making = asyncio.create_task(faults.run(students, end - SETTLED)) if faults else None
    await asyncio.gather(*ends, return_exceptions=True)
    waiting.cancel()
    if faults and making:
        await making
        faults.lost = find_lost(students, faults.last)
    await asyncio.gather(*(student.tab.close() for student in students), return_exceptions=True)
    return students


async def _wait_until_begun(students: Sequence[Student], on_begun: Callable[[], None]) -> None:
    while any(student.began is None for student in students if student.trains):
        await asyncio.sleep(0.5)
    on_begun()


def run_load(
    sessions: int,
    minutes: float,
    arrive: float,
    workers: int | None,
    log: Path,
    with_faults: bool = False,
    groups: Sequence[Path] = (),
    train: int | None = None,
    attacked_by: str = "",
) -> tuple[list[Student], Watch, Faults | None, Attack | None]:
    """Serve the app, let the students come, and watch the server's processes meanwhile, which fail now and then if wanted."""
    with serve(workers, log, groups) as (url, pid):
        watch, faults = Watch(pid), Faults(pid) if with_faults else None
        print(f"server: process {pid}, log {log}", file=sys.stderr, flush=True)
        end = time.monotonic() + 60 * minutes
        with attack(attacked_by, url, pid, end) if attacked_by else nullcontext() as attacker:
            students = attend(url, sessions, minutes, arrive, watch.forget_turns, faults=faults, train=train)
        watch.stop()
    return students, watch, faults, attacker


def main() -> int:
    """Print the report; return 1 where anything went wrong."""
    given = read_arguments()
    watch = faults = attacker = None
    if given.server:
        students = attend(given.server, given.sessions, given.minutes, given.arrive, train=given.train)
    else:
        log = Path(tempfile.mkstemp(prefix="load-", suffix=".log")[1])
        students, watch, faults, attacker = run_load(
            given.sessions,
            given.minutes,
            given.arrive,
            given.workers,
            log,
            given.faults,
            given.cgroup,
            given.train,
            given.attack,
        )
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"{given.sessions} sessions, {given.minutes:g} minutes, arriving within {given.arrive:g} s\n")
    print(format_report(students, watch, load, faults, attacker))
    return 1 if count_errors(students) or (faults and faults.lost) or (attacker and attacker.errors) else 0


def read_arguments() -> argparse.Namespace:
    """Return the arguments of the command line, or end with a line on what is allowed."""
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument("--sessions", type=int, default=30)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--arrive", type=float, default=60.0, help="seconds within which all have come")
    parser.add_argument("--train", type=int, help="how many of the sessions press Play; left out: all")
    parser.add_argument("--workers", type=int, help="worker processes of the server; left out: what it chooses")
    parser.add_argument(
        "--cgroup", type=Path, action="append", default=[], help="control group for the server and its workers; may be repeated"
    )
    parser.add_argument("--faults", action="store_true", help="kill workers, close tabs, cut connections and send garbage")
    parser.add_argument("--attack", choices=list(ATTACKS), default="", help="let one attacker do this meanwhile")
    parser.add_argument("--server", help="a server that runs on this machine; its memory and processes are not looked at")
    given = parser.parse_args()
    if not 1 <= given.sessions <= MOST_SESSIONS or not 0 < given.minutes <= MOST_MINUTES or given.arrive < 0:
        parser.error(f"1 to {MOST_SESSIONS} sessions, at most {MOST_MINUTES:g} minutes, no negative time")
    if given.server and (given.faults or given.cgroup or given.attack):
        parser.error("--faults, --attack and --cgroup are for a server that this command starts")
    if given.train is not None and not 1 <= given.train <= given.sessions:
        parser.error("--train is at least 1 and at most --sessions")
    for group in given.cgroup:
        if not (group / "cgroup.procs").is_file():
            parser.error(f"{group} is not the folder of a control group")
    if given.server and urlsplit(given.server).hostname not in LOOPBACK:
        parser.error(f"a load test is for one's own machine: the host must be one of {', '.join(LOOPBACK)}")
    return given


if __name__ == "__main__":
    sys.exit(main())
