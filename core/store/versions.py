"""The versions that a stored run was made with: program, torch, and the code and data that its numbers depend on."""

import sqlite3
from collections.abc import Mapping
from functools import lru_cache

from core.results.provenance import describe_engine, describe_provenance


@lru_cache(maxsize=1)
def describe_versions() -> dict[str, str]:
    """Return the commit of the program ("" outside of a repository), the version of torch, and a hash of code and data."""
    return {"program": describe_provenance()["commit"], "torch": describe_engine()["torch"], "data": describe_engine()["code"]}


def insert_versions(connection: sqlite3.Connection, versions: Mapping[str, str]) -> int:
    """Return the id of the row with these versions, which is made where it is not there yet."""
    values = (versions["program"], versions["torch"], versions["data"])
    connection.execute("INSERT OR IGNORE INTO versions (program, torch, data) VALUES (?, ?, ?)", values)
    row = connection.execute("SELECT id FROM versions WHERE (program, torch, data) = (?, ?, ?)", values).fetchone()
    return int(row[0])
