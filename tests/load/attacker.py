"""One attacker beside a class: an attack of `tests.abuse`, again and again."""

import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

from tests.abuse.attacks import Target, run_attack

SECONDS = 8.0  # how long an attack that repeats itself goes on


@dataclass
class Attack:
    """What an attacker did: which attack, how often, and what failed at it."""

    name: str
    times: int = 0
    errors: list[str] = field(default_factory=list)


@contextmanager
def attack(name: str, url: str, pid: int, end: float) -> Iterator[Attack]:
    """Attack a server in a process of its own, until the clock shows `end`; the attack is complete when the block ends."""
    done = Attack(name)
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        future = pool.submit(_repeat, name, Target(url, pid, Path(tempfile.mkdtemp(prefix="attack-")), SECONDS, 1), end)
        yield done
        done.times, done.errors = future.result()


def _repeat(name: str, target: Target, end: float) -> tuple[int, list[str]]:
    times, errors = 0, []
    while time.monotonic() < end:
        _sentences, error = run_attack(name, target)
        times += 1
        errors += [error] if error else []
    return times, errors
