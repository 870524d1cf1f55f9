"""What the benchmarks translate: functions of ordinary length, written for this purpose."""

UNITS = [
    '''def word_counts(text: str) -> dict[str, int]:
    """How often each word occurs, ignoring case."""
    counts: dict[str, int] = {}
    for word in text.lower().split():
        word = word.strip(".,;:!?")
        if word:
            counts[word] = counts.get(word, 0) + 1
    return counts''',
    '''def merge(first: list[int], second: list[int]) -> list[int]:
    """One sorted list from two sorted lists."""
    merged = []
    i = j = 0
    while i < len(first) and j < len(second):
        if first[i] <= second[j]:
            merged.append(first[i])
            i += 1
        else:
            merged.append(second[j])
            j += 1
    return merged + first[i:] + second[j:]''',
    '''def roman(number: int) -> str:
    """A number between 1 and 3999 in Roman digits."""
    values = [1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1]
    digits = ["M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I"]
    written = ""
    for value, digit in zip(values, digits):
        while number >= value:
            written += digit
            number -= value
    return written''',
    '''def primes(limit: int) -> list[int]:
    """All primes below a limit, by the sieve of Eratosthenes."""
    is_prime = [True] * limit
    is_prime[0:2] = [False, False]
    for number in range(2, int(limit ** 0.5) + 1):
        if is_prime[number]:
            for multiple in range(number * number, limit, number):
                is_prime[multiple] = False
    return [number for number in range(limit) if is_prime[number]]''',
    '''def balanced(text: str) -> bool:
    """Whether every bracket in the text is closed by its own kind, in order."""
    pairs = {")": "(", "]": "[", "}": "{"}
    stack = []
    for char in text:
        if char in "([{":
            stack.append(char)
        elif char in pairs:
            if not stack or stack.pop() != pairs[char]:
                return False
    return not stack''',
    '''def transpose(rows: list[list[float]]) -> list[list[float]]:
    """Columns as rows. All rows must have the same length."""
    if not rows:
        return []
    width = len(rows[0])
    for row in rows:
        if len(row) != width:
            raise ValueError("rows differ in length")
    return [[row[column] for row in rows] for column in range(width)]''',
    '''def longest_run(values: list[int]) -> tuple[int, int]:
    """Start and length of the longest run of equal values."""
    best_start = best_length = 0
    start = 0
    for i in range(1, len(values) + 1):
        if i == len(values) or values[i] != values[start]:
            if i - start > best_length:
                best_start, best_length = start, i - start
            start = i
    return best_start, best_length''',
]


def long_file(lines: int) -> str:
    """A Python file of at least this many lines."""
    parts: list[str] = []
    count = 0
    number = 0
    while count < lines:
        unit = UNITS[number % len(UNITS)].replace("(", f"_{number}(", 1)
        parts.append(unit)
        count += unit.count("\n") + 3
        number += 1
    return "\n\n\n".join(parts) + "\n"
