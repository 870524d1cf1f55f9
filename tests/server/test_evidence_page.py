"""The page behind "Show evidence", for verdicts from real programs."""

from __future__ import annotations

import pytest

from transloop_sandbox.sandbox import Sandbox
from transloop_server.documents import Anchor
from transloop_server.evidence_page import page
from transloop_server.jobs import Job
from transloop_settings.settings import Sampling
from transloop_syntax.language import language
from transloop_syntax.source import Source
from transloop_syntax.unit import unit_at
from transloop_translate.translation import Translation, Work
from transloop_verify.evidence import Effort, derive
from transloop_verify.judge import judge
from transloop_verify.program import side

COUNT = "def count(parts):\n    return sum(1 for part in parts if len(part) > 1)\n"
IN_JS = "const count = parts => parts.filter(part => part.length > 1).length;"
IN_JAVA = """\
class A {
    static int count(int[][] parts) {
        int found = 0;
        for (int[] part : parts) if (part.length > 1) found++;
        return found;
    }
}
"""


def shown(code: str, target: str, sandbox: Sandbox) -> str:
    """The page of one translation of `count`."""
    evidence = derive(side(COUNT, "python", "count"), sandbox, effort=Effort(mutants=False))
    verdict = judge(evidence, code, target, sandbox)
    unit = unit_at(Source(COUNT, language("python")), 0, 0)
    work = Work(unit, language(target), Sampling(), owner="a")
    made = Translation(unit, target, code, work.sampling, verdict=verdict)
    job = Job("1", "file:///a.py", COUNT, Anchor(0, len(COUNT)), work, "beside")
    job.found, job.evidence = [made], (evidence,)
    return page(job)


@pytest.mark.parametrize(
    ("unsafe", "told"), [(False, "Isolation: full, "), (True, "Isolation: none, it ran without")]
)
def test_the_page_says_how_the_translation_was_kept_in(unsafe: bool, told: str) -> None:
    with Sandbox(1, unsafe=unsafe, cache=False) as sandbox:
        assert told in shown(IN_JS, "javascript", sandbox)


def test_the_page_shows_the_cases_that_ran() -> None:
    with Sandbox(1) as sandbox:
        texts, numbers = shown(IN_JS, "javascript", sandbox), shown(IN_JAVA, "java", sandbox)
    assert '| `["abc"' in texts
    assert '"abc"' not in numbers.split("## The translation")[0]
    assert "| `[[" in numbers
