"""The remote engine against a real endpoint (llama-cpp-python's server) and broken ones."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from transloop_model.catalog import ModelFile
from transloop_model.engine import (
    GREEDY,
    Done,
    Engine,
    Event,
    Finished,
    Message,
    Piece,
    Request,
    Sampling,
    Started,
)
from transloop_model.remote import RemoteEngine
from transloop_settings.errors import (
    AdapterRefused,
    ContextOverflow,
    EndpointFailed,
    EngineError,
)

PEER = """
import runpy
import llama_cpp.llama_cpp as c
from transloop_model.llama.native import without_amx
default = c.llama_model_default_params
c.llama_model_default_params = lambda: without_amx(default())
runpy.run_module("llama_cpp.server", run_name="__main__", alter_sys=True)
"""
HELLO = (Message("user", "Tell me a long story about a cat."),)
CONTEXT = 2048


# A real endpoint ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(
    smollm2: ModelFile, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, psutil.Process]]:
    """A server with the small model on a free port; its URL and its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-c", PEER, "--model", str(smollm2.path)]
    command += ["--port", str(port), "--n_ctx", str(CONTEXT), "--n_threads", "2"]
    command += ["--logits_all", "true", "--api_key", "secret"]
    command += ["--interrupt_requests", "false"]  # else a second candidate ends the first
    log = tmp_path_factory.mktemp("server") / "log"
    with log.open("w") as opened:
        process = subprocess.Popen(command, stdout=opened, stderr=opened)
    try:
        _wait_for(f"http://127.0.0.1:{port}/v1/models", process, log)
        yield f"http://127.0.0.1:{port}/v1", psutil.Process(process.pid)
    finally:
        process.kill()
        process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        assert process.poll() is None, log.read_text()
        with contextlib.suppress(httpx.TransportError):
            httpx.get(url)
            return
        time.sleep(0.2)
    raise AssertionError(log.read_text())


@pytest.fixture
async def engine(server: tuple[str, psutil.Process]) -> AsyncIterator[RemoteEngine]:
    made = RemoteEngine(server[0], "smol", "secret", 60.0, CONTEXT)
    yield made
    await made.close()


async def events_of(engine: Engine, request: Request) -> list[Event]:
    return [event async for event in engine.generate(request)]


async def test_the_events_come_in_order_and_the_pieces_make_the_text(engine: RemoteEngine) -> None:
    events = await events_of(engine, Request(HELLO, max_tokens=20))
    assert isinstance(events[0], Started)
    assert isinstance(events[-1], Done)
    (finished,) = (event for event in events if isinstance(event, Finished))
    pieces = [event.text for event in events if isinstance(event, Piece)]
    assert "".join(pieces) == finished.text
    assert (finished.reason, finished.tokens) == ("length", 20)
    assert events[-1].tokens == 20
    assert engine.state().state == "ready"


async def test_candidates_keep_their_own_sampling(engine: RemoteEngine) -> None:
    drawn = (GREEDY, Sampling(1.0, seed=1), Sampling(1.0, seed=2), Sampling(1.0, seed=1))
    events = await events_of(engine, Request(HELLO, candidates=drawn, max_tokens=16))
    texts = {event.candidate: event.text for event in events if isinstance(event, Finished)}
    assert sorted(texts) == [0, 1, 2, 3]
    assert texts[1] == texts[3]
    assert len({texts[0], texts[1], texts[2]}) == 3


async def test_a_stop_string_ends_the_text_before_it(engine: RemoteEngine) -> None:
    request = Request(HELLO, max_tokens=60)
    whole = (await events_of(engine, request))[-2]
    assert isinstance(whole, Finished)
    word = whole.text.split()[8]
    stopped = (await events_of(engine, Request(HELLO, max_tokens=60, stop=(word,))))[-2]
    assert isinstance(stopped, Finished)
    assert stopped.reason == "stop"
    assert stopped.text == whole.text[: whole.text.index(word)]


async def test_logprobs_come_one_a_token(engine: RemoteEngine) -> None:
    finished = (await events_of(engine, Request(HELLO, max_tokens=8, logprobs=True)))[-2]
    assert isinstance(finished, Finished)
    assert len(finished.logprobs) == finished.tokens == 8
    assert all(value <= 0 for value in finished.logprobs)


async def test_closing_the_iterator_stops_the_work_on_the_server(
    engine: RemoteEngine, server: tuple[str, psutil.Process]
) -> None:
    events = engine.generate(Request(HELLO, candidates=(GREEDY, Sampling(0.9)), max_tokens=1800))
    async for event in events:
        if isinstance(event, Piece):
            break
    assert engine.state().state == "busy"
    before = time.monotonic()
    await events.aclose()
    assert time.monotonic() - before < 1
    assert engine.state().state != "busy"
    await asyncio.sleep(1)
    assert await _busy_seconds(server[1], 1.0) < 0.2


async def _busy_seconds(process: psutil.Process, seconds: float) -> float:
    """CPU time that `process` uses in the next `seconds`."""
    before = process.cpu_times()
    await asyncio.sleep(seconds)
    after = process.cpu_times()
    return float(after.user - before.user + after.system - before.system)


async def test_a_wrong_key_says_which_setting(server: tuple[str, psutil.Process]) -> None:
    engine = RemoteEngine(server[0], "smol", "wrong")
    with pytest.raises(EndpointFailed, match=r"refused \(401\).*remote\.api_key") as caught:
        await events_of(engine, Request(HELLO))
    assert "wrong" not in str(caught.value)
    await engine.close()


async def test_a_url_without_v1_is_told_so(server: tuple[str, psutil.Process]) -> None:
    engine = RemoteEngine(server[0].removesuffix("/v1"), "smol", "secret")
    with pytest.raises(EndpointFailed, match=r"refused \(404\).*end in /v1"):
        await events_of(engine, Request(HELLO))
    await engine.close()


async def test_a_prompt_that_is_too_long_overflows_the_context(engine: RemoteEngine) -> None:
    with pytest.raises(ContextOverflow, match="Select less code"):
        await events_of(engine, Request((Message("user", "cat " * 3000),)))


CODE = Path(__file__).read_text(encoding="utf-8")[:3000]


async def test_an_estimate_of_tokens_is_not_too_low_for_code(engine: RemoteEngine) -> None:
    url = engine.url.replace("/v1", "/extras/tokenize/count")
    async with httpx.AsyncClient(headers={"Authorization": "Bearer secret"}) as client:
        answer = await client.post(url, json={"input": CODE})
    assert await engine.count_tokens(CODE) >= answer.json()["count"]


# Endpoints that break ----------------------------------------------------------------------------

Handler = Callable[[httpx.Request], httpx.Response]


def said(*chunks: object, end: str = "data: [DONE]\n\n") -> httpx.Response:
    """A stream of these chunks."""
    lines = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks)
    return httpx.Response(200, text=lines + end)


def delta(text: str, reason: str | None = None) -> dict[str, object]:
    return {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": reason}]}


def fake(answer: Handler | httpx.Response, context: int = 8192) -> RemoteEngine:
    handler = answer if callable(answer) else lambda request: answer
    transport = httpx.MockTransport(handler)
    return RemoteEngine("http://fake/v1/", "m", "k3y", 5.0, context, transport=transport)


async def error_of(engine: RemoteEngine) -> EngineError:
    with pytest.raises(EngineError) as caught:
        await events_of(engine, Request(HELLO))
    assert engine.state().state == "failed"
    assert engine.state().detail == str(caught.value)
    await engine.close()
    return caught.value


async def test_what_is_sent_is_what_every_endpoint_understands() -> None:
    bodies: list[dict[str, object]] = []
    keys: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        assert str(request.url) == "http://fake/v1/chat/completions"
        keys.append(request.headers["Authorization"])
        bodies.append(json.loads(request.content))
        return said(delta("x", "stop"))

    drawn = (GREEDY, Sampling(0.5, 0.9, 40, 2**32 - 1))
    request = Request(HELLO, "int x", drawn, 9, ("\n```",))
    await events_of(fake(answer), request)
    greedy, sampled = sorted(bodies, key=len)
    messages = [{"role": "user", "content": HELLO[0].content}]
    common = {
        "messages": messages,
        "max_tokens": 9,
        "stream": True,
        "model": "m",
        "stop": ["\n```"],
    }
    assert greedy == {**common, "temperature": 0.0}
    assert sampled == {**common, "temperature": 0.5, "top_p": 0.9, "seed": 2**31 - 1}
    assert set(keys) == {"Bearer k3y"}


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, '{"detail": "Invalid API key"}', r"\(401\): Invalid API key\. Set remote\.api_key"),
        (404, '{"error": {"message": "no model m"}}', r"\(404\): no model m\. .*remote\.model 'm'"),
        (429, "slow down", r"\(429\): slow down\. .*Try again later"),
        (500, "<html>\nbroken</html>", r"\(500\): <html> broken</html>\. Its log"),
        (422, '{"detail": [{"msg": "top_p"}]}', r"\(422\): .*top_p.*settings"),
        (502, "", r"\(502\): no reason given"),
    ],
)
async def test_a_refusal_says_why_and_what_to_do(status: int, body: str, expected: str) -> None:
    error = await error_of(fake(httpx.Response(status, text=body)))
    assert isinstance(error, EndpointFailed)
    assert re.search(expected, str(error))
    assert "k3y" not in str(error)


@pytest.mark.parametrize(
    "error",
    [
        {"code": "context_length_exceeded", "message": "too long"},
        {"type": "exceed_context_size_error", "message": "the request exceeds the context"},
        {"message": "This model's maximum context length is 4096 tokens."},
    ],
)
async def test_every_servers_words_for_an_overflow_are_known(error: dict[str, str]) -> None:
    refused = httpx.Response(400, json={"error": error})
    assert isinstance(await error_of(fake(refused)), ContextOverflow)
    assert isinstance(await error_of(fake(said({"error": error}))), ContextOverflow)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (said(delta("half")), "ended before the answer was complete"),
        (said(delta("half"), end=""), "ended before the answer was complete"),
        (httpx.Response(200, text="<html>welcome</html>"), "ended before the answer"),
        (httpx.Response(200, text="data: {oops\n\n"), "does not speak the OpenAI protocol"),
        (said({"choices": [{"text": "a completion"}]}), "does not speak the OpenAI protocol"),
        (said([1, 2]), "does not speak the OpenAI protocol"),
        (said(delta("a"), {"error": {"message": "out of memory"}}), "out of memory"),
    ],
)
async def test_a_broken_stream_is_no_answer(answer: httpx.Response, expected: str) -> None:
    error = await error_of(fake(answer))
    assert isinstance(error, EndpointFailed)
    assert expected in str(error)


async def test_a_usage_chunk_gives_the_token_count() -> None:
    usage = {"choices": [], "usage": {"completion_tokens": 42}}
    events = await events_of(fake(said(delta("a"), delta("", "stop"), usage)), Request(HELLO))
    assert events[-2:] == [Finished(0, "a", "stop", 42), events[-1]]


async def test_one_failing_candidate_fails_the_request_and_ends_the_others() -> None:
    ended = asyncio.Event()

    class Slow(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield f"data: {json.dumps(delta('a'))}\n\n".encode()
            await asyncio.sleep(60)

        async def aclose(self) -> None:
            ended.set()

    def answer(request: httpx.Request) -> httpx.Response:
        greedy = json.loads(request.content)["temperature"] == 0
        return httpx.Response(200, stream=Slow()) if greedy else httpx.Response(500)

    engine = fake(answer)
    with pytest.raises(EndpointFailed, match="500"):
        await events_of(engine, Request(HELLO, candidates=(GREEDY, Sampling(0.5))))
    assert ended.is_set()


@pytest.mark.parametrize("url", ["localhost:1/v1", "http://localhost:port/v1", ""])
async def test_a_url_that_is_none_says_so(url: str) -> None:
    error = await error_of(RemoteEngine(url, "m"))
    assert "Correct remote.url" in str(error)


async def test_nobody_listening_is_said_quickly() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        before = time.monotonic()
        error = await error_of(RemoteEngine(f"http://127.0.0.1:{port}/v1", "m"))
    assert "cannot be reached" in str(error)
    assert "Start it, or correct remote.url" in str(error)
    assert time.monotonic() - before < 5


async def test_a_silent_endpoint_ends_in_a_timeout() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        error = await error_of(RemoteEngine(f"http://127.0.0.1:{port}/v1", "m", "", 0.3))
        assert "sent nothing for 0.3 seconds" in str(error)


async def test_an_endpoint_that_hangs_up_is_said() -> None:
    async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\ndata: ")
        writer.close()

    async with await asyncio.start_server(rude, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        error = await error_of(RemoteEngine(f"http://127.0.0.1:{port}/v1", "m"))
        assert "broke off" in str(error)


async def test_an_adapter_is_refused_and_none_is_fine(tmp_path: Path) -> None:
    engine = fake(httpx.Response(500))
    await engine.use_adapter(None)
    with pytest.raises(AdapterRefused, match=r"a\.gguf cannot be used.*Load it there"):
        await engine.use_adapter(tmp_path / "a.gguf")


async def test_tokens_are_estimated_and_the_context_is_the_settings() -> None:
    engine = fake(httpx.Response(500), context=4096)
    assert [await engine.count_tokens(text) for text in ("", "a", "abcd")] == [0, 1, 2]
    assert await engine.context_size() == 4096
    assert engine.state().state == "idle"
    assert engine.state().model == "m"


async def test_a_closed_engine_can_be_closed_again_and_not_be_used() -> None:
    engine: Engine = fake(said(delta("x", "stop")))
    await engine.close()
    await engine.close()
    with pytest.raises(EngineError, match="closed"):
        await events_of(engine, Request(HELLO))
