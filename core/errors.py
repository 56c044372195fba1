"""The one error for input that cannot be used, and how it quotes the input."""

MAX_QUOTED_CHARACTERS = 80


class Invalid(ValueError):
    """An input that cannot be used.

    sentence: what was wrong and what is allowed, for the screen. field: the setting that it is about, or "". cli_hint: a second
    sentence that only the command line prints, how to correct the input there; pages offer a control instead.
    """

    def __init__(self, sentence: str, field: str = "", cli_hint: str = "") -> None:
        super().__init__(f"{sentence} {cli_hint}" if cli_hint else sentence)
        self.sentence, self.field, self.cli_hint = sentence, field, cli_hint


def quote(value: object) -> str:
    """Return a value from outside for a sentence: printable, and cut after `MAX_QUOTED_CHARACTERS`."""
    text = str(value).encode("utf-8", "replace").decode()
    return text if len(text) <= MAX_QUOTED_CHARACTERS else text[: MAX_QUOTED_CHARACTERS - 1] + "…"
