"""The limits of the server: defaults, environment variables, and that nothing else changes a limit."""

from dataclasses import FrozenInstanceError, fields

import pytest

from core.errors import Invalid
from core.runs.settings import Settings, read_settings


def test_every_limit_is_documented_and_can_be_overridden() -> None:
    assert read_settings({}) == Settings()
    for one in fields(Settings):
        assert f"{one.name}" in (Settings.__doc__ or ""), f"{one.name} is not documented"
        changed = read_settings({f"DTT_{one.name.upper()}": "17"})
        assert str(getattr(changed, one.name)).removesuffix(".0") == "17"
        assert type(getattr(changed, one.name)) is type(one.default)
        assert changed != Settings()


@pytest.mark.parametrize("text", ["", "many", "-1", "nan", "inf", "1e999", "0x10"])
def test_what_is_no_limit_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(Invalid, match=r"DTT_SLICE_TIME is “.*”; a number from 0 on is expected"):
        read_settings({"DTT_SLICE_TIME": text})


def test_a_limit_cannot_be_raised_while_the_server_runs() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings().updates = 10**9  # type: ignore[misc]
