"""The checks of `transloop doctor` for running programs: isolation, compilers, interpreters."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from transloop.checks import Check
from transloop_settings.errors import SandboxError
from transloop_settings.settings import Settings

if TYPE_CHECKING:
    from transloop_sandbox.sandbox import Sandbox

PROBE_SECONDS = 120.0
PROBES = """
import json
from dataclasses import asdict
from transloop_sandbox.isolation import candidates, report
for each in candidates():
    probed = report(each)
    print(json.dumps({**asdict(probed), "granted": probed.granted}), flush=True)
"""
"""In a process of its own: probing forks, which a process with threads must not."""


def sandbox_checks(chosen: Settings) -> Iterator[Callable[[], Check]]:
    """Isolation, then one check for each language."""
    from transloop_sandbox.recipe import recipes
    from transloop_sandbox.sandbox import Sandbox

    yield lambda: isolation(chosen)
    with Sandbox(1, chosen.sandbox.min_level, cache=False) as sandbox:
        for language in recipes():
            yield partial(toolchain, language, sandbox)


def isolation(chosen: Settings) -> Check:
    """Send the canary into every sandbox of this machine, and show what it got hold of."""
    from transloop_sandbox.bubblewraps import ADVICE

    minimum = chosen.sandbox.min_level
    tried, words = _probed()
    granted = [each for each in tried if each["granted"]]
    detail = "\n".join([*map(_told, tried), words]).strip() or "there is nothing here to try"
    if not _reaches(minimum, granted):
        return Check("isolation", "fail", f"{minimum} is not reached\n{detail}", ADVICE)
    return Check("isolation", "ok", f"{granted[0]['isolation']['level']}\n{detail}")


def _probed() -> tuple[list[dict[str, Any]], str]:
    """What came of each sandbox, and the last words if probing itself failed."""
    command = [sys.executable, "-P", "-c", PROBES]
    try:
        ran = subprocess.run(
            command, capture_output=True, text=True, timeout=PROBE_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return [], f"probing took more than {PROBE_SECONDS:.0f} s"
    words = ran.stderr.strip().splitlines()[-1:] if ran.returncode else []
    return [json.loads(line) for line in ran.stdout.splitlines()], "".join(words)


def _told(tried: dict[str, Any]) -> str:
    """One line for a sandbox, and one for each probe that came through."""
    kept, probes = tried["isolation"], tried["probes"]
    features = ", ".join(f"{name} {value}" for name, value in kept["features"])
    held = sum(not each["got"] for each in probes)
    title = f"{kept['level']}, {kept['backend']} {kept['version']} ({features})"
    leaks = [f"  {each['what']}: {each['got']}" for each in probes if each["got"]]
    return "\n".join([f"{title}: {held} of {len(probes)} probes held", *leaks])


def _reaches(minimum: str, granted: list[dict[str, Any]]) -> bool:
    from transloop_sandbox.isolation import LEVELS

    ranks = [LEVELS.index(each["isolation"]["level"]) for each in granted]
    return any(rank >= [*LEVELS].index(minimum) for rank in ranks)  # type: ignore[arg-type]


def toolchain(language: str, sandbox: Sandbox) -> Check:
    """The versions of a language's tools and the time that they take, or how to get them."""
    from transloop_sandbox import toolchains
    from transloop_sandbox.recipe import recipe
    from transloop_sandbox.warm import intact, place

    try:
        found = toolchains.toolchain(language)
    except SandboxError as error:
        return Check(language, "warn", str(error.args[0]), error.advice)
    chosen = recipe(language)
    unmade = [name for name in chosen.warm if not intact(place(chosen, name, found))]
    if unmade:
        later = ", ".join(chosen.warm[name].about for name in unmade)
        advice = "Do it now: transloop toolchains install"
        return Check(language, "ok", f"{found.version}; made on first use: {later}", advice)
    return _hello(language, found.version, sandbox)


def _hello(language: str, version: str, sandbox: Sandbox) -> Check:
    """Compile and run the smallest program, twice: what has to be started is left out."""
    from transloop_sandbox.job import File, Job
    from transloop_sandbox.recipe import recipe

    chosen = recipe(language)
    job = Job(language, (File(chosen.main, chosen.hello.program),), b"there\n")
    try:
        sandbox.run(job)
        began = time.perf_counter()
        result = sandbox.run(job)
    except SandboxError as error:
        return Check(language, "warn", f"{version}; not tried: {error.args[0]}")
    if result.verdict != "ok":
        words = (result.stderr or result.stdout).decode("utf-8", "replace").strip().splitlines()
        detail = f"{version}; {result.verdict} ({result.reason}) {' '.join(words[-1:])}"
        return Check(language, "warn", detail.strip(), "Look: transloop run, with a small program.")
    seconds = time.perf_counter() - began
    return Check(language, "ok", f"{version}; compiled and run in {seconds:.2f} s")
