"""Values of a type: boundaries first, then random ones, small enough for every language.

Integers stay within 1000 and text within ASCII unless the program's own constants go beyond, so
that a sum fits 32 bits and a recursion ends: what lies further out says more about a language than
about a translation. Not drawn: NaN, infinities, -0.0, text beyond ASCII.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from transloop_verify.type import Type
from transloop_verify.value import MapValue, RecordValue, SetValue, Value

LARGEST = 1000
"""Of a drawn integer, unless the program's constants or a type's bits say otherwise."""
LONGEST = 8
"""Items of a drawn container, letters of a drawn text."""


@dataclass(frozen=True)
class Constants:
    """What a program mentions: the values at which it is likely to branch."""

    integers: tuple[int, ...] = ()
    floats: tuple[float, ...] = ()
    strings: tuple[str, ...] = ()
    only: str = ""
    """All that text may be made of, where the program accepts little else; empty: anything."""

    @property
    def letters(self) -> str:
        """The characters of its short strings."""
        return "".join(sorted({each for text in self.strings if len(text) < 20 for each in text}))


def boundaries(kind: Type, constants: Constants) -> list[Value]:
    """The values of a type at which programs go wrong, the plainest first."""
    match kind.kind:
        case "int":
            near = [n + d for n in constants.integers if abs(n) < 1 << 31 for d in (0, 1, -1)]
            return _fitting([1, 0, 2, 3, -1, 10, 7, *near, 100, -12], kind)
        case "float":
            return [1.0, 0.0, 0.5, -1.5, 2.75, 3.0, 100.25, *constants.floats]
        case "bool":
            return [True, False]
        case "char":
            return [*_allowed(["a", *constants.letters, *"zAZ09 ."], constants)]
        case "string":
            known = filter(str.isascii, constants.strings)
            return [*_allowed(["abc", "", "a", *known, *_TEXTS], constants)]
        case "null":
            return [None]
        case "bytes":
            return [b"abc", b"", b"\x00\xff"]
        case "optional":
            return [*boundaries(kind.items[0], constants)[:3], None]
        case "union":
            return [value for each in kind.items for value in boundaries(each, constants)[:3]]
        case "list" | "set":
            return [_gathered(kind, items) for items in _lists(kind.items[0], constants)]
        case _:
            return []


def mentioned(kind: Type, dice: random.Random, constants: Constants) -> Value:
    """A value made of the texts that the program mentions; a random one where it mentions none."""
    if kind.kind == "string" and constants.strings and not constants.only:
        return dice.choice(constants.strings)
    if kind.kind == "list" and kind.items[0].kind == "string":
        return [mentioned(kind.items[0], dice, constants) for _ in range(dice.randint(1, 4))]
    return draw(kind, dice, constants)


def draw(kind: Type, dice: random.Random, constants: Constants, size: int = LONGEST) -> Value:
    """A random value of a type; `size` bounds its items. Raises KeyError for an unsupported one."""
    return _DRAWN[kind.kind](kind, dice, constants, size)


_SPECIAL = [4, 9, 16, 25, 64, 81, 100, 128, 256, 27, 125, 13, 29, 97, 6, 28, 24, 120, 121, 153, 55]
"""Squares, powers, primes, perfect and factorial numbers, palindromes: what functions ask for."""
_TEXTS = [
    "A",
    "aba",
    "aab",
    "Hello World",
    "12",
    "a b c",
    "abcde",
    "ABC",
    "  ",
    "1,2",
    "racecar",
    "x!y",
    "7",
    "-",
]
_WORDS = ["a", "x", "an", "the", "apple", "Hello", "world", "This", "is", "name", "42"]
_PAIRS = {"(": ")", "[": "]", "{": "}", "<": ">"}


def _fitting(numbers: Sequence[int], kind: Type) -> list[Value]:
    low, high = _range(kind)
    return [*dict.fromkeys(number for number in numbers if low <= number <= high)]


def _range(kind: Type) -> tuple[int, int]:
    bits = kind.bits or 64
    if kind.signed:
        return -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    return 0, (1 << bits) - 1


def _allowed(values: Sequence[str], constants: Constants) -> list[str]:
    """The texts, each once; where only some letters are allowed, those and a few made of them."""
    only = constants.only
    if only:
        values = [only[0], only[:2], only[-1], *(each for each in values if {*each} <= {*only})]
    return [*dict.fromkeys(values)]


def _lists(item: Type, constants: Constants) -> list[list[Value]]:
    """A few items in each order that matters: none, one, equal ones, rising, falling."""
    some = boundaries(item, constants)[:6]
    if not some:
        return [[]]
    rising = sorted(some, key=repr) if item.kind != "int" else sorted(some, key=_as_int)
    return [some[:3], [], some[:1], [some[0]] * 3, rising, rising[::-1], some]


def _as_int(value: Value) -> int:
    return value if isinstance(value, int) else 0


def _gathered(kind: Type, items: list[Value]) -> Value:
    if kind.kind != "set":
        return items
    return SetValue(tuple({repr(each): each for each in items}.values()))


def _int(kind: Type, dice: random.Random, constants: Constants, size: int) -> Value:
    low, high = _range(kind)
    within = [n for n in constants.integers if abs(n) < 1 << 31]
    roll = dice.random()
    if roll < 0.5:
        drawn = dice.randint(0, 12)
    elif roll < 0.7 or (roll < 0.85 and not within):
        drawn = dice.randint(10, 120)
    elif roll < 0.85:
        drawn = dice.choice(within) + dice.choice((-1, 0, 0, 1))
    elif roll < 0.9:
        drawn = dice.choice(_SPECIAL)
    elif roll < 0.96:
        drawn = -dice.randint(1, 20)
    else:
        drawn = dice.randint(100, LARGEST)
    return min(max(drawn, low), high)


def _float(kind: Type, dice: random.Random, constants: Constants, size: int) -> Value:
    roll = dice.random()
    if roll < 0.2 and constants.floats:
        return dice.choice(constants.floats)
    if roll < 0.5:
        return float(dice.randint(-5, 20))
    return dice.randint(-800, 8000) / 64  # exact in binary, so that sums agree in any order


def _char(kind: Type, dice: random.Random, constants: Constants, size: int) -> Value:
    return dice.choice(_alphabet(dice, constants))


def _string(kind: Type, dice: random.Random, constants: Constants, size: int) -> Value:
    if constants.only:
        return "".join(dice.choice(constants.only) for _ in range(dice.randint(1, size)))
    text = _text(dice, constants, size)
    return text.swapcase() if dice.random() < 0.1 else text


def _text(dice: random.Random, constants: Constants, size: int) -> str:
    roll = dice.random()
    letters = constants.letters
    if roll < 0.3 and any(pair in letters for pair in _PAIRS):
        return _nested(dice, [each for each in _PAIRS if each in letters], size)
    if roll < 0.45:
        return _sentence(dice, constants)
    if roll < 0.6:
        half = "".join(dice.choice("abc") for _ in range(dice.randint(1, size // 2 + 1)))
        return half + half[::-1][dice.randint(0, 1) :]
    alphabet = _alphabet(dice, constants)
    return "".join(dice.choice(alphabet) for _ in range(dice.randint(1, size)))


def _sentence(dice: random.Random, constants: Constants) -> str:
    """Words, now and then parted by what the program looks for instead of by blanks."""
    known = [each for each in constants.strings if each.isascii()]
    words = [*_WORDS, *dice.choices(known, k=4)] if known else _WORDS
    marks = [" ", " ", *dice.choices(known, k=2)] if known else [" "]
    text = dice.choice(words)
    for _ in range(dice.randint(0, 4)):
        mark = dice.choice(marks)
        text += mark + dice.choice(("", " ")) * (mark != " ") + dice.choice(words)
    return text


def _alphabet(dice: random.Random, constants: Constants) -> str:
    if constants.only:
        return constants.only
    known = "".join(each for each in constants.letters if each.isascii() and each.isprintable())
    choices = ["ab", "abcd", string.ascii_lowercase, "0123456789", "01", string.ascii_letters + " "]
    choices += [known, known, known + "ab1", known + string.ascii_letters] if known else []
    return dice.choice(choices)


def _nested(dice: random.Random, opening: list[str], size: int) -> str:
    """Brackets that close; now and then one is lost."""
    text, stack = "", list[str]()
    for _ in range(dice.randint(1, size)):
        if stack and dice.random() < 0.45:
            text += stack.pop()
        else:
            bracket = dice.choice(opening)
            text += bracket
            stack.append(_PAIRS[bracket])
    text += "".join(reversed(stack))
    lost = dice.randrange(len(text)) if dice.random() < 0.3 else len(text)
    return text[:lost] + text[lost + 1 :]


def _list(kind: Type, dice: random.Random, constants: Constants, size: int) -> Value:
    item = kind.items[0]
    count = dice.randint(0 if size > 2 else 1, size)
    inner = max(2, size // 2)
    if item.kind == "list" and dice.random() < 0.8:
        return _table(item, dice, constants, dice.randint(1, inner), dice.randint(1, inner))
    roll = dice.random()
    if item.kind == "int" and roll < 0.35:
        return _shaped(item, dice, max(1, count), roll)
    items = [draw(item, dice, constants, inner) for _ in range(count)]
    if items and roll > 0.7:
        items = [dice.choice(items) for _ in items]  # repeats
    if item.kind in ("int", "float", "string") and 0.5 < roll < 0.7:
        items.sort(key=lambda each: each if isinstance(each, int | float) else 0)
    return items


def _shaped(item: Type, dice: random.Random, count: int, roll: float) -> list[Value]:
    """Lists that algorithms are made for: permutations, zeros and ones, sorted ones."""
    numbers = list(range(int(roll < 0.05), count + int(roll < 0.05)))
    if roll < 0.12:
        dice.shuffle(numbers)
    elif roll < 0.18:
        numbers = [dice.randint(0, 1) for _ in numbers]
    elif roll < 0.23 and _range(item)[0] < 0:
        numbers = [dice.choice((1, -1)) * (number // 2 + 1) for number in numbers]
    else:
        low, _ = _range(item)
        numbers = sorted(dice.randint(max(low, -5), 30) for _ in numbers)
    return list(numbers)


def _table(
    item: Type, dice: random.Random, constants: Constants, rows: int, columns: int
) -> list[Value]:
    """Rows of equal length, square ones half of the time."""
    if dice.random() < 0.5:
        columns = rows
    cell = item.items[0]
    return [[draw(cell, dice, constants, 2) for _ in range(columns)] for _ in range(rows)]


def _tuple(kind: Type, dice: random.Random, constants: Constants, size: int) -> Value:
    return tuple(draw(each, dice, constants, size) for each in kind.items)


def _set(kind: Type, dice: random.Random, constants: Constants, size: int) -> Value:
    items = [draw(kind.items[0], dice, constants, 3) for _ in range(dice.randint(0, size))]
    return _gathered(kind, items)


def _map(kind: Type, dice: random.Random, constants: Constants, size: int) -> Value:
    key, value = kind.items
    keys = [draw(key, dice, constants, 3) for _ in range(dice.randint(0, min(size, 5)))]
    unique = {repr(each): each for each in keys}.values()
    return MapValue(
        tuple((each, draw(value, dice, constants, max(2, size // 2))) for each in unique)
    )


def _optional(kind: Type, dice: random.Random, constants: Constants, size: int) -> Value:
    return None if dice.random() < 0.2 else draw(kind.items[0], dice, constants, size)


def _union(kind: Type, dice: random.Random, constants: Constants, size: int) -> Value:
    return draw(dice.choice(kind.items), dice, constants, size)


def _record(kind: Type, dice: random.Random, constants: Constants, size: int) -> Value:
    fields = tuple((name, draw(each, dice, constants, size)) for name, each in kind.fields)
    return RecordValue(kind.name, fields)


_DRAWN: dict[str, Callable[[Type, random.Random, Constants, int], Value]] = {
    "null": lambda kind, dice, constants, size: None,
    "bool": lambda kind, dice, constants, size: dice.random() < 0.5,
    "int": _int,
    "float": _float,
    "char": _char,
    "string": _string,
    "bytes": lambda kind, dice, constants, size: dice.randbytes(dice.randint(0, size)),
    "list": _list,
    "tuple": _tuple,
    "set": _set,
    "map": _map,
    "optional": _optional,
    "union": _union,
    "record": _record,
}
