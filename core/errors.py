"""The one error for input that cannot be used."""


class Invalid(ValueError):
    """An input that cannot be used.

    sentence: what was wrong and what is allowed, for the screen. field: the setting that it is about, or "". cli_hint: a second
    sentence that only the command line prints, how to correct the input there; pages offer a control instead.
    """

    def __init__(self, sentence: str, field: str = "", cli_hint: str = "") -> None:
        super().__init__(f"{sentence} {cli_hint}" if cli_hint else sentence)
        self.sentence, self.field, self.cli_hint = sentence, field, cli_hint
