"""Guesses of what a candidate writes next."""

from __future__ import annotations

from transloop_model.llama.drafts import Drafts

TEXT = [1, 2, 3, 4, 5, 6, 7]


def test_what_followed_the_same_tokens_is_guessed() -> None:
    assert Drafts([TEXT]).guess([[9, 2, 3, 4]], rows=2) == [[5, 6]]


def test_a_history_shorter_than_the_context_must_be_a_beginning() -> None:
    drafts = Drafts([TEXT])
    assert drafts.guess([[]], rows=2) == [[1, 2]]
    assert drafts.guess([[1]], rows=2) == [[2, 3]]
    assert drafts.guess([[3]], rows=2) == [[]]


def test_nothing_is_guessed_where_nobody_knows() -> None:
    assert Drafts().guess([[1, 2, 3]], rows=4) == [[]]
    assert Drafts([TEXT]).guess([[5, 6, 7]], rows=4) == [[]]


def test_what_came_more_often_is_likelier() -> None:
    drafts = Drafts([[1, 2, 3, 8], [1, 2, 3, 4], [1, 2, 3, 4]])
    assert drafts.guess([[1, 2, 3]], rows=1) == [[4]]


def test_the_rows_go_to_the_likeliest_guesses() -> None:
    sure = [1, 2, 3, 4, 5]
    drafts = Drafts([sure, sure, sure, [7, 8, 9, 6], [7, 8, 9, 5]])
    assert drafts.guess([[7, 8, 9], [1, 2, 3]], rows=1) == [[], [4]]
    assert drafts.guess([[7, 8, 9], [1, 2, 3]], rows=3) == [[6], [4, 5]]


def test_a_long_chain_of_doubtful_guesses_ends() -> None:
    (guessed,) = Drafts([list(range(50))]).guess([[0, 1, 2]], rows=40)
    assert guessed == [3, 4, 5]  # each seen once: 0.71, 0.51, 0.36, and then 0.26


def test_only_what_is_fresh_is_counted_again() -> None:
    drafts = Drafts([[1, 2, 3, 4]])
    drafts.learn([1, 2, 3, 4, 5], 1)
    drafts.learn([1, 2, 3, 9], 1)
    drafts.learn([1, 2, 3, 9], 1)
    assert drafts.guess([[1, 2, 3], [2, 3, 4]], rows=2) == [[9], [5]]
