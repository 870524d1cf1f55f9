"""The page of a run: everything that the log knows, for whoever reads it, whatever became of it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.trainer import recorded_runs
from tests.trainer.recorded_runs import FACTS, GO, JAVA, STATE, attempt, made, synthesized, taught
from typer.testing import CliRunner, Result

from transloop_model.registry.card import Measured, Verdict
from transloop_settings.errors import RunDamaged, UsageError
from transloop_synth.order import Order, Share
from transloop_trainer.control.decision import Stop, Synthesize, Train
from transloop_trainer.control.runlog import Recorded, RunLog
from transloop_trainer.control.state import Step
from transloop_trainer.report import charts, drawing, rounds, story, words
from transloop_trainer.report.page import page, write

STOP = Stop(True, "It is enough.")
STEPS = (made(20), taught(), made(30, 20), taught(number=2, gained=4, changes={"epochs": 3}))

EMPTY = {"meta", "link", "img", "br", "hr", "input"}
PLACED = {"href", "src", "srcset", "action", "data", "poster", "xlink:href"}


class Page(HTMLParser):
    """What a browser would see: whether tags are closed, what is loaded, and the words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.loaded: list[str] = []
        self.ids: list[str] = []
        self.pointed: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loaded += [str(value) for name, value in attrs if name in PLACED]
        self.ids += [str(value) for name, value in attrs if name == "id"]
        for name, value in attrs:
            assert not name.startswith("on"), name
            if name == "aria-labelledby":
                self.pointed += str(value).split()
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


@pytest.fixture
def run(tmp_path: Path) -> RunLog:
    return recorded_runs.log(tmp_path / "runs", *STEPS, stop=STOP)


def seen(log: RunLog) -> Page:
    found = Page(page(log))
    assert found.open == []
    return found


def test_it_needs_nothing_from_elsewhere(run: RunLog) -> None:
    text = page(run)
    found = Page(text)
    assert found.loaded == []
    assert {"script", "link", "img", "iframe", "object"}.isdisjoint(found.tags)
    assert "url(" not in text
    assert "@import" not in text
    assert "http" not in text.replace('http-equiv="Content-Security-Policy"', "")
    assert "default-src 'none'" in text


def test_it_tells_all_that_the_run_knows(run: RunLog) -> None:
    text = seen(run).text
    for expected in (
        "Run 1",
        "promoted",
        "qwen2.5-coder-0.5b-instruct",
        "python → java",
        "java → python (guarded)",
        "Adapter 1 gained +16.7 points of pass@1",
        "on 120 units of python → java and python → go.",
        "Nothing has been tried yet.",
        "There are pairs enough.",
        "It is enough.",
        "40 sources left 20 pairs; 20 in all.",
        "Adapter 2, from step 30 of 40.",
        "Of the form: 20 failures before, 9 after. Of behaviour: 18 before, 19 after.",
        "learning rate",
        "0.0002",
        "synthesis",
        "validation and gate",
        "fixed decides the same in",
        "learned decides the same in",
    ):
        assert expected in text, expected


def test_every_decision_is_there_with_its_reason_and_what_came_of_it(run: RunLog) -> None:
    entries = story.entries(run)
    assert [each.kind for each in entries] == [
        "synthesize",
        "train",
        "synthesize",
        "train",
        "stop",
    ]
    assert all(each.reason and each.at for each in entries)
    assert all(each.outcome and each.seconds for each in entries[:-1])
    assert (entries[-1].outcome, entries[-1].seconds) == ("", None)


def test_what_was_not_taken_is_told_with_why(tmp_path: Path) -> None:
    attempts = (
        attempt(1, rejected={"duplicate": 2}),
        attempt(2, unusable="it does not run alone", admitted=()),
        attempt(3, GO, rejected={"contaminated": 1}, admitted=(), failures={"timeout": 4}),
    )
    order = Synthesize(Order((Share(JAVA, None, 3),), 10.0), "Why not.")
    text = seen(recorded_runs.log(tmp_path, Step(order, synthesized(attempts)))).text
    for expected in ("2 × duplicate", "1 × it does not run alone", "1 × contaminated"):
        assert expected in text
    assert "4 × timeout" in text


def test_constructs_are_told_by_direction_and_few_sources_are_noise(run: RunLog) -> None:
    text = seen(run).text
    assert re.search(r"maps .*?\d+ % to \d+ %, \d+ of 25", text)
    order = Synthesize(Order((Share(JAVA, None, 3),), 10.0), "Why not.")
    few = tuple(attempt(i, constructs=("string_formatting",)) for i in range(2))
    other = recorded_runs.log(run.folder.parent, Step(order, synthesized(few)))
    assert "string formatting" not in seen(other).text


def test_changed_numbers_are_marked(run: RunLog) -> None:
    (epochs,) = (
        each for each in rounds.numbers(rounds.rounds(run.decisions)) if each.name == "epochs"
    )
    assert (epochs.values, epochs.changed) == (("2", "3"), (False, True))
    assert "3 ●" in seen(run).text


def test_a_run_by_a_recipe_that_is_no_more_has_a_page(tmp_path: Path) -> None:
    gone = Step(Train("huge", {"speed": 9, "modules": ["q_proj", "v_proj"]}, "."), taught().outcome)
    log = recorded_runs.log(tmp_path, gone, recipe="huge")
    told = {each.name: each.values for each in rounds.numbers(rounds.rounds(log.decisions))}
    assert told == {"speed": ("9",), "modules": ("q, v",)}
    assert "speed 9 ●" in seen(log).text
    assert story.replayed(log) == []


# Whatever became of it


def test_a_run_that_has_done_nothing_has_a_page(tmp_path: Path) -> None:
    text = seen(recorded_runs.log(tmp_path)).text
    assert "not ended" in text
    assert "Nothing was decided yet." in text
    assert "No adapter was measured" in text
    assert "Nothing was synthesized" in text


def test_an_interrupted_run_has_a_page(tmp_path: Path) -> None:
    log = recorded_runs.log(tmp_path, made(20))
    log.decided(replace(STATE, steps=log.steps), taught().decision)
    text = seen(log).text
    assert "goes on, or was interrupted. Its last decision was to train." in text
    assert "Not done yet." in text


def test_a_failed_run_has_a_page(tmp_path: Path) -> None:
    failed = taught(
        failed="The loss is no number any more.",
        verdict=None,
        number=None,
        scores={},
        losses=(1.0, math.nan, math.inf),
        failures={},
        steps=0,
        best_step=0,
    )
    log = recorded_runs.log(tmp_path, made(20), failed)
    log.end(None, "The disk was full.", failed=True)
    text = seen(log).text
    assert "This run failed. The disk was full." in text
    assert "It failed: The loss is no number any more." in text
    assert "1 training, and no adapter that the gate let through." in text


def test_a_run_whose_gate_measured_next_to_nothing_has_a_page(tmp_path: Path) -> None:
    verdict = Verdict(
        False, "Little.", "", measured=(Measured(JAVA, 1, 0, 0), Measured(GO, 0, 0, 0))
    )
    odd = taught(verdict=verdict, losses=(0.5,), scores={0: 0.0, 1: 0.0}, best_step=1, steps=1)
    text = seen(recorded_runs.log(tmp_path, odd, policy="fixed")).text
    assert "+0.0" in text


def test_what_is_said_stays_text(tmp_path: Path) -> None:
    evil = '<script>alert("1")</script>&"\'><svg onload=x>'
    attempts = tuple(
        attempt(i, unusable=evil if i < 2 else "", constructs=(evil,), rejected={evil: 1})
        for i in range(6)
    )
    order = Synthesize(Order((Share(JAVA, evil, 3),), 10.0), evil)
    failed = taught(failed=evil, failures={evil: {evil: (1, 2)}}, changes={})
    log = recorded_runs.log(
        tmp_path,
        Step(order, synthesized(attempts)),
        failed,
        stop=Stop(True, evil),
        model=evil,
        directions=(evil, JAVA),
        policy="fixed",
    )
    found = seen(log)
    assert "script" not in found.tags
    assert "<svg onload" not in page(log)
    assert found.text.count("alert") > 5


# Charts


def test_charts_are_named_once_and_read_out(run: RunLog) -> None:
    found = seen(run)
    assert len(found.ids) == len(set(found.ids))
    assert set(found.pointed) <= set(found.ids)
    assert found.tags.count("svg") == found.tags.count("title") - 1 == found.tags.count("desc")


def test_charts_stay_within_their_frame(run: RunLog) -> None:
    shown = re.findall(r"<svg.*?</svg>", page(run))
    assert len(shown) > 10
    for each in shown:
        (_, frame), *parts = shapes(each)
        width, height = map(float, frame["viewBox"].split()[2:])
        for tag, part in parts:
            for name in ("x", "x1", "x2", "cx"):
                assert 0 <= float(part.get(name, 0)) <= width
            for name in ("y", "y1", "y2", "cy"):
                assert 0 <= float(part.get(name, 0)) <= height
            if tag == "rect":
                assert float(part["x"]) + float(part["width"]) <= width


def shapes(chart: str) -> list[tuple[str, dict[str, str]]]:
    """Tags with what is said of them; the frame is the first."""
    tags = re.findall(r"<(\w+)([^>]*)>", chart)
    return [(tag, dict(re.findall(r'([\w-]+)="([^"]*)"', rest))) for tag, rest in tags]


def test_a_dumbbell_shows_before_and_after_with_its_interval(run: RunLog) -> None:
    (first, *_) = rounds.rounds(run.decisions)
    parts = shapes(charts.progress([first]))
    dots = [part for tag, part in parts if tag == "circle"]
    assert [part["class"] for part in dots] == ["before", "after"] * 3
    low, high = (float(part["cx"]) for part in dots[:2])
    assert low < high
    interval = next(part for _, part in parts if part.get("class") == "interval")
    assert float(interval["x1"]) < high < float(interval["x2"])


def test_a_chart_without_values_is_none() -> None:
    step = taught(scores={0: 0.3}, losses=(math.nan, math.nan))
    (empty,) = rounds.rounds([Recorded(0.0, STATE, step.decision, step.outcome, 1.0)])
    assert charts.validation(empty) is None
    assert charts.losses(empty) is None


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ((0.0, 1.0), [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        ((0.3, 0.55), [0.3, 0.35, 0.4, 0.45, 0.5, 0.55]),
        ((0.0, 63.0), [0, 20, 40, 60]),
        ((1.0, 3.0), [1.0, 1.5, 2.0, 2.5, 3.0]),
        ((5.0, 5.0), [5.0]),
    ],
)
def test_ticks_are_round(values: tuple[float, float], ticks: list[float]) -> None:
    assert drawing.Scale(values, (0, 100)).ticks(5) == pytest.approx(ticks)


def test_a_range_is_round_and_holds_its_values() -> None:
    assert drawing.around([0.31, 0.33], 0.2, 0.1) == pytest.approx((0.2, 0.5))
    assert drawing.around([0.99], 0.2, 0.1) == pytest.approx((0.8, 1.0))
    assert drawing.around([], 0.2, 0.1) == pytest.approx((0.0, 0.1))


def test_words() -> None:
    assert [words.lasted(each) for each in (0, 99, 600, 7500)] == [
        "0 s",
        "99 s",
        "10 min",
        "2 h 05 min",
    ]
    assert words.points(-1.25) == "−1.2"
    assert words.counts({"a": 1, "b": 5, "c": 1}, most=2) == "5 × b, 1 × a, 1 others"
    assert words.listed(["a"]) == "a"
    assert words.listed("abc") == "a, b and c"
    assert words.several(1, "pair") == "1 pair"


# Replay


def test_the_page_tells_what_others_would_have_done(run: RunLog) -> None:
    (fixed, learned) = story.replayed(run)
    assert (fixed.policy, learned.policy) == ("fixed", "learned")
    assert len(fixed.rows) == len(run.decisions)
    entry, would, _ = fixed.rows[2]
    assert entry.kind == "synthesize"
    assert would.startswith("stop: One order and one training")
    assert fixed.rows[3][1] == "as in the state before"
    assert 0 <= fixed.agreement < 1
    (_, _, estimated) = learned.rows[2]
    assert re.search(
        r"estimated \d+ pairs \(\d+ to \d+\), \d+ an hour, \d+ where greedy is wrong", estimated
    )


# Written, and asked for


def test_it_is_written_whole_or_not_at_all(run: RunLog, tmp_path: Path) -> None:
    path = tmp_path / "new" / "page.html"
    write(run, path)
    assert path.read_text() == page(run)
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="--out"):
        write(run, tmp_path / "file" / "page.html")
    with pytest.raises(UsageError, match="could not be written"):
        write(run, tmp_path)


def asked(*arguments: object) -> Result:
    from typer import Typer

    from transloop.report import report

    app = Typer()
    app.command()(report)
    return CliRunner().invoke(app, [str(each) for each in arguments], catch_exceptions=False)


def test_without_runs_it_says_what_to_do(home: Path) -> None:
    with pytest.raises(UsageError, match="transloop train --once"):
        asked()
    assert "no training runs yet" in asked("--list").stderr
    assert json.loads(asked("--list", "--json").stdout) == []
    assert not (home / "state").exists()


def test_the_last_run_is_reported_and_the_others_are_listed(home: Path) -> None:
    runs = home / "state" / "runs"
    recorded_runs.log(runs, *STEPS, stop=STOP)
    assert "There are" not in asked().stderr
    recorded_runs.log(runs, made(3), policy="fixed")
    result = asked()
    assert result.stdout.split() == [str(runs / "2" / "report.html")]
    assert "There are 2 runs; this is the last one, 2." in result.stderr
    assert re.search(r"1 +promoted", result.stderr)
    assert "Run 2" in (runs / "2" / "report.html").read_text()
    listed = asked("--list").stdout
    assert re.search(r"2 +not ended", listed)
    rows = json.loads(asked("--list", "--json").stdout)
    assert [(each["run"], each["policy"], each["decisions"]) for each in rows] == [
        ("1", "rules", 5),
        ("2", "fixed", 1),
    ]


def test_a_run_is_reported_where_one_wants_it(home: Path, tmp_path: Path) -> None:
    runs = home / "state" / "runs"
    recorded_runs.log(runs, *STEPS, stop=STOP)
    recorded_runs.log(runs)
    out = tmp_path / "page.html"
    told = json.loads(asked("1", "--out", out, "--json").stdout)
    assert (told["run"], told["state"], told["path"]) == ("1", "promoted", str(out))
    assert "Run 1" in out.read_text()
    with pytest.raises(UsageError, match=r"no run 7\. There are: 1, 2"):
        asked("7")


def test_a_damaged_run_is_named_and_the_others_can_be_reported(home: Path) -> None:
    runs = home / "state" / "runs"
    recorded_runs.log(runs, *STEPS, stop=STOP)
    broken = recorded_runs.log(runs)
    (broken.folder / "run.jsonl").write_text("{}\n")
    assert re.search(r"2 +damaged", asked("--list").stdout)
    assert asked("1").stdout.strip().endswith("report.html")
    with pytest.raises(RunDamaged):
        asked("2")
    assert FACTS.policy == "rules"
