"""Not written yet."""


def doctor() -> None:
    """Not written yet."""
