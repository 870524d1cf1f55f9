"""`transloop lsp` with an echo engine that can be slow, or wait until the test lets it go on."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

from transloop_model.echo import Answer, EchoEngine, echo
from transloop_model.engine import Event, Piece, Request
from transloop_server import editor
from transloop_server.outcomes import watch
from transloop_server.server import create_server

QUICK = watch.Pace(regret=3.0, grace=0.2, settle=0.4, reopen=0.4, surveys=(0.5, 1.0, 3.0, 60.0))


class Held(EchoEngine):
    """Stops behind the first piece of an answer until `gate` is set."""

    def __init__(self, seconds_per_token: float, held: bool, answer: Answer) -> None:
        super().__init__(answer, seconds_per_token=seconds_per_token)
        self.gate = asyncio.Event()
        if not held:
            self.gate.set()

    async def generate(self, request: Request) -> AsyncIterator[Event]:
        """As `EchoEngine`, with a stop on the way."""
        async with aclosing(super().generate(request)) as events:
            async for event in events:
                yield event
                if isinstance(event, Piece):
                    await self.gate.wait()


def told(greedy: str, sampled: str, repaired: str) -> Answer:
    """What it is told to say: first, and when it is asked for samples or repairs."""

    def answer(request: Request, _: int) -> str:
        if any(each.role == "assistant" for each in request.messages):
            return repaired or sampled
        return sampled if request.candidates[0].temperature else greedy

    return answer


def main() -> None:
    """Serve on stdio; the command `test.go` opens the gate."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--held", action="store_true")
    parser.add_argument("--seconds-per-token", type=float, default=0.0)
    parser.add_argument("--answer-seconds", type=float, default=editor.ANSWER_SECONDS)
    parser.add_argument("--greedy", default="")
    parser.add_argument("--sampled", default="")
    parser.add_argument("--repaired", default="")
    parser.add_argument("--quick", action="store_true", help="Outcomes within seconds.")
    parser.add_argument("--version", default="test")
    given = parser.parse_args()
    editor.ANSWER_SECONDS = given.answer_seconds
    watch.PACE = QUICK if given.quick else watch.PACE
    answer = told(given.greedy, given.sampled, given.repaired) if given.greedy else echo
    engine = Held(given.seconds_per_token, given.held, answer)
    server = create_server(given.version, engine=engine)

    @server.command("test.go")
    async def go() -> None:
        engine.gate.set()

    server.start_io()


if __name__ == "__main__":
    main()
