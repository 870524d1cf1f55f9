"""A shop's stock, and a little arithmetic on it."""


class Stock:
    """How many pieces of each article there are."""

    def __init__(self) -> None:
        self.pieces: dict[str, int] = {}

    def add(self, article: str, count: int = 1) -> None:
        """Put pieces on the shelf."""
        if count < 1:
            raise ValueError("count must be positive")
        self.pieces[article] = self.pieces.get(article, 0) + count

    def take(self, article: str, count: int = 1) -> bool:
        """Take pieces off the shelf; False, and nothing taken, if there are too few."""
        if self.pieces.get(article, 0) < count:
            return False
        self.pieces[article] -= count
        return True


def median(values: list[float]) -> float:
    """The middle value; of an even number of values, the mean of the two middle ones."""
    ordered = sorted(values)
    half = len(ordered) // 2
    if len(ordered) % 2 == 1:
        return ordered[half]
    return (ordered[half - 1] + ordered[half]) / 2
