"""Small text functions."""

SHIFT = 3


def word_counts(text: str) -> dict[str, int]:
    """How often each word occurs; case and punctuation at the edges do not matter."""
    counts: dict[str, int] = {}
    for raw in text.lower().split():
        word = raw.strip(".,;:!?()")
        if not word:
            continue
        counts[word] = counts.get(word, 0) + 1
    return counts


def caesar(text: str, shift: int = SHIFT) -> str:
    """Shift every letter of the Latin alphabet; other characters stay as they are."""
    shifted = []
    for letter in text:
        if "a" <= letter <= "z":
            shifted.append(chr((ord(letter) - ord("a") + shift) % 26 + ord("a")))
        elif "A" <= letter <= "Z":
            shifted.append(chr((ord(letter) - ord("A") + shift) % 26 + ord("A")))
        else:
            shifted.append(letter)
    return "".join(shifted)


def is_balanced(text: str) -> bool:
    """Whether every bracket is closed by its own kind, in the right order."""
    closing = {")": "(", "]": "[", "}": "{"}
    open_brackets = []
    for letter in text:
        if letter in closing.values():
            open_brackets.append(letter)
        elif letter in closing:
            if not open_brackets:
                return False
            # A closing bracket must match the one that was opened last.
            if open_brackets.pop() != closing[letter]:
                return False
    return not open_brackets
