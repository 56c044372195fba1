"""The one error for input that cannot be used."""


class Invalid(ValueError):
    """A sentence that says what was wrong and what is allowed; `field` names the setting it is about. `way`: a second one, how
    the command line mends it, where a page, which has `sentence` alone, offers another way."""

    def __init__(self, sentence: str, field: str = "", way: str = "") -> None:
        super().__init__(f"{sentence} {way}" if way else sentence)
        self.sentence, self.field, self.way = sentence, field, way
