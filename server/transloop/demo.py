"""Not written yet."""


def demo() -> None:
    """Not written yet."""
