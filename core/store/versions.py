"""The versions that a stored run was made with: program, torch, and the code and data that its numbers depend on."""

from functools import lru_cache

from core.results.provenance import describe_engine, describe_provenance


@lru_cache(maxsize=1)
def describe_versions() -> dict[str, str]:
    """Return the commit of the program ("" outside of a repository), the version of torch, and a hash of code and data."""
    return {"program": describe_provenance()["commit"], "torch": describe_engine()["torch"], "data": describe_engine()["code"]}
