"""Sets of problems: disjoint, also where a problem stands twice in other words."""

from __future__ import annotations

from collections import Counter
from typing import Any

from transloop_trainer.evaluate.divide import SHARES, divided, keys


def row(identifier: str, name: str, split: str = "train", **more: Any) -> dict[str, Any]:
    languages = {"python": {"code": "x", "entry_point": name}}
    return {"id": identifier, "split": split, "languages": languages, **more}


def many(count: int = 2000) -> list[dict[str, Any]]:
    letters = "abcdefghij"
    return [
        row(f"own/{i}", "".join(letters[int(digit)] for digit in f"{i:04}")) for i in range(count)
    ]


def test_each_problem_is_in_one_set_and_the_shares_are_kept() -> None:
    found = divided(many())
    counts = Counter(found.values())
    assert sum(counts.values()) == 2000
    assert set(counts) == {"learn", "validation", "gate"}
    for name, share in SHARES.items():
        assert abs(counts[name] / 2000 - share) < 0.03


def test_the_sets_are_the_same_in_any_order_and_company() -> None:
    rows = many(300)
    found = divided(rows)
    assert divided(rows[::-1]) == found
    assert divided(rows[:50]) == {each["id"]: found[each["id"]] for each in rows[:50]}


def test_the_same_name_in_other_words_is_in_the_same_set() -> None:
    names = ("quick_sort", "QuickSort.sort", "quickSort", "quick_sorts", "Solution.quickSort")
    for i in range(40):
        twins = [row(f"{name}/{i}", f"{name}{'abcdefghij'[i % 10]}{'klmn'[i // 10]}") for name in
                 ("make_", "the_make_")]  # fmt: skip
        assert len(set(divided(twins).values())) == 1
    rows = [row(f"own/{i}", name) for i, name in enumerate(names)]
    found = divided([*rows, *many(50)])
    assert len({found[each["id"]] for each in rows}) == 1


def test_no_two_sets_share_a_name_or_a_text() -> None:
    rows = [
        row(f"{source}/{i}", f"{form}{word}", problem=f"Do {word} {'twice' if i % 3 else 'once'}.")
        for i, word in enumerate(("alpha", "beta", "gamma", "delta", "kappa", "sigma", "omega"))
        for source, form in (("a", "get_"), ("b", "compute_"), ("c", "of_the_"))
    ]
    found = divided(rows)
    by_key: dict[str, set[str]] = {}
    for each in rows:
        for key in keys(each):
            by_key.setdefault(key, set()).add(found[each["id"]])
    assert all(len(sets) == 1 for sets in by_key.values())
    assert len(set(found.values())) > 1


def test_what_is_alike_through_a_third_stays_together() -> None:
    first = row("a/1", "spin", problem="Turn it.")
    second = row("b/1", "rotate", problem="turn it")
    third = row("c/1", "Rotate.rotate", problem="Something else")
    assert len(set(divided([first, second, third]).values())) == 1


def test_final_is_what_the_rows_call_dev_and_its_likes_are_unused() -> None:
    rows = [row("dev/1", "is_prime", "dev"), row("own/1", "isPrime"), row("own/2", "other_thing")]
    found = divided(rows)
    assert (found["dev/1"], found["own/1"]) == ("final", "unused")
    assert found["own/2"] in ("learn", "validation", "gate")
