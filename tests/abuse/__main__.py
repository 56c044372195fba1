"""Run the attacks on the app, one after the other: python -m tests.abuse [--only NAME ...] [--seconds 8]

Starts the app's server on this machine. While each attack runs, in a process of its own, a second visitor measures the time of
a page, of a tick of a live page and of the server's health. Fails if one of them takes longer than a second, or if the server's
memory grows by more than 200 MB. Of the crowd only the health is judged, because so many pages share two cores.
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from tests.abuse.attacks import ATTACKS, Target, run_attack
from tests.abuse.second_visitor import SecondVisitor, Waits
from tests.load.machine import read_memory, serve
from tests.load.tab import BrowserTab

MOST_SECONDS, MOST_SESSIONS = 300.0, 300
LONGEST_WAIT, MOST_GROWTH = 1.0, 200.0  # seconds; megabytes
SETTLING = 5.0  # seconds before the first attack, in which the workers start
LAST = "kill"  # the attack that ends the server


@dataclass
class Row:
    """A row of the report: an attack and what the second visitor met.

    It holds the waits, the growth of the server's memory in megabytes, the sentences that the attacker was shown, and why the
    row fails, "" if it does not.
    """

    name: str
    waits: Waits
    growth: float
    sentences: Sequence[str]
    failure: str = ""


async def run_rows(names: Sequence[str], target: Target) -> list[Row]:
    """Run the attacks one after the other beside a second visitor."""
    visitor, rows = SecondVisitor(target.url, target.pid), []
    await visitor.open()
    await asyncio.sleep(SETTLING)
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        for name in names:
            before = read_memory(target.pid)
            attack = asyncio.wrap_future(pool.submit(run_attack, name, target))
            waits = await visitor.measure(attack)
            sentences, error = await attack
            rows.append(Row(name, waits, waits.memory - before, sentences))
            rows[-1].failure = error or judge(rows[-1]) or "; ".join(visitor.tab.errors)
            print(format_row(rows[-1]), file=sys.stderr, flush=True)
    await visitor.tab.close()
    return rows


def judge(row: Row) -> str:
    """Return why a row fails; "" if it does not."""
    kinds = ("health",) if row.name == "crowd" else ("page", "tick", "health")
    slow = [f"{kind} {max(waits):.1f} s" for kind in kinds if (waits := getattr(row.waits, kind)) and max(waits) > LONGEST_WAIT]
    large = [f"memory + {row.growth:.0f} MB"] if row.growth > MOST_GROWTH else []
    return ", ".join(slow + large)


async def check_kill(target: Target) -> Row:
    """Kill the server while it holds an upload; a new one removes the files as it starts."""
    tab = BrowserTab(target.url, query="task=series")
    await tab.open()
    await (await tab.upload(tab.find("own-series-0")[-1], "own.csv", b"level\n" + b"1\n2\n3\n" * 200)).done
    os.kill(target.pid, signal.SIGKILL)
    os.waitpid(target.pid, 0)  # a process that nobody has waited for counts as alive
    await tab.close()
    kept = list_folders(target.pid)
    with serve(1, target.folder / "next") as (url, _pid):
        again = BrowserTab(url)
        await again.open()
        await again.close()
        failure = "" if kept and not list_folders(target.pid) else "the files of the killed server are still there"
    return Row(LAST, Waits(), 0.0, [], failure)


def list_folders(pid: int) -> list[Path]:
    """Return the folders with files of visitors that a server has made."""
    return list(Path(tempfile.gettempdir()).glob(f"dropout-runs-{pid}-*"))


def run_abuse(names: Sequence[str], seconds: float, sessions: int, folder: Path) -> list[Row]:
    """Serve the app and attack it."""
    with serve(None, folder / "log") as (url, pid):
        print(f"server: process {pid}, log {folder / 'log'}", file=sys.stderr, flush=True)
        target = Target(url, pid, folder, seconds, sessions)
        rows = asyncio.run(run_rows([name for name in names if name != LAST], target))
        if LAST in names:
            rows.append(asyncio.run(check_kill(target)))
    return rows


def format_row(row: Row) -> str:
    """Return the row of the report, as Markdown."""
    cells = [f"{max(waits):.2f}" if waits else "–" for waits in (row.waits.page, row.waits.tick, row.waits.health)]
    told = " ".join(row.sentences[0].split())[:100] if row.sentences else "–"
    return f"| {row.name} | {' | '.join(cells)} | {row.growth:+.0f} | {told} | {row.failure or 'held'} |"


def format_report(rows: Sequence[Row]) -> str:
    """Return the report as a Markdown table."""
    head = "| attack | longest page, s | tick, s | health, s | server's memory, MB | the attacker was told | result |"
    return "\n".join([head, "|---|---|---|---|---|---|---|", *map(format_row, rows)])


def main() -> int:
    """Print the report; return 1 where anything failed."""
    given = read_arguments()
    began, folder = time.monotonic(), Path(tempfile.mkdtemp(prefix="abuse-"))
    rows = run_abuse(given.only or [*ATTACKS, LAST], given.seconds, given.sessions, folder)
    print(
        f"longest wait of a second visitor, {given.sessions} sessions in the crowd, {time.monotonic() - began:.0f} s in all, "
    )
    print(f"load average {' '.join(f'{one:.1f}' for one in os.getloadavg())}\n")
    print(format_report(rows))
    return 1 if any(row.failure for row in rows) else 0


def read_arguments() -> argparse.Namespace:
    """Return the arguments of the command line, or end with a line on what is allowed."""
    parser = argparse.ArgumentParser(prog="python -m tests.abuse", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=[*ATTACKS, LAST], help="these attacks; left out: all")
    parser.add_argument("--seconds", type=float, default=8.0, help="how long an attack that repeats itself goes on")
    parser.add_argument("--sessions", type=int, default=200, help="of the crowd")
    given = parser.parse_args()
    if not 0 < given.seconds <= MOST_SECONDS or not 1 <= given.sessions <= MOST_SESSIONS:
        parser.error(f"at most {MOST_SECONDS:g} seconds and 1 to {MOST_SESSIONS} sessions")
    return given


if __name__ == "__main__":
    sys.exit(main())
