"""The table of a league."""


def largest(numbers: list[int], count: int) -> list[int]:
    """The largest numbers, the greatest first."""
    return sorted(numbers, reverse=True)[:count]
