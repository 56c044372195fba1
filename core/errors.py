"""The one error for input that cannot be used."""


class Invalid(ValueError):
    """A sentence that says what was wrong and what is allowed; `field` names the setting it is about."""

    def __init__(self, sentence: str, field: str = "") -> None:
        super().__init__(sentence)
        self.field = field
