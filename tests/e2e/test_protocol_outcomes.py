"""What becomes of translations, as VS Code tells it over the protocol and as a bare client does."""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.e2e.conftest import Connect
from tests.e2e.lsp_editor import Editor, until
from tests.e2e.test_protocol_killed import Seen
from tests.e2e.test_protocol_verified import FUNCTION, RIGHT, TEXT

from transloop_seeds import consent
from transloop_seeds.store import Store
from transloop_seeds.views import Logged
from transloop_server.learning import ANSWERS

pytestmark = pytest.mark.e2e

WRONG = RIGHT.replace("((a % b) + b) % b", "a % b + 1")
SAYS = ("--quick", "--greedy", f"{RIGHT}\n```", "--sampled", f"{WRONG}\n```")
PATIENCE = 60.0
CLIENTS = ("vscode", "bare")


@pytest.fixture(autouse=True)
def agreed(home: Path) -> None:
    """The person has agreed to everything."""
    consent.answer("all")


async def placed(editor: Editor, placement: str = "below", name: str = "a.py") -> tuple[str, str]:
    """A translated function: its document, and the job."""
    uri = editor.open(name, TEXT)
    job = await editor.translate(uri, FUNCTION, "javascript", placement=placement)
    told = await editor.done(job, PATIENCE)
    assert told["state"] == "done", told
    return uri, job


def logged() -> list[Logged]:
    store = Store()
    try:
        return store.events()
    finally:
        store.close()


async def events(*kinds: str) -> list[Logged]:
    """Wait until the log holds these kinds of event, and no other."""
    deadline = time.monotonic() + PATIENCE
    while len(found := await asyncio.to_thread(logged)) < len(kinds):
        assert time.monotonic() < deadline, [each.row["kind"] for each in found]
        await asyncio.sleep(0.05)
    assert [each.row["kind"] for each in found] == list(kinds)
    return found


async def lens(editor: Editor, uri: str) -> list[str]:
    return [str(each.command and each.command.title) for each in await editor.lenses(uri)]


@pytest.mark.parametrize("client", CLIENTS)
async def test_what_is_saved_becomes_a_seed(connect: Connect, client: str) -> None:
    editor = await connect(client, *SAYS, learn="all")
    uri, _ = await placed(editor)
    editor.save(uri)
    _, accepted = await events("shown", "accepted")
    assert accepted.texts["final"] == RIGHT
    assert accepted.texts["source"] == FUNCTION
    assert accepted.texts["details"]["path"] == "a.py"
    command = [sys.executable, "-P", "-m", "transloop", "seeds", "list", "--json"]
    done = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, check=True, text=True
    )
    (seed,) = json.loads(done.stdout)
    assert (seed["origin"], seed["target"]) == ("accepted", "javascript")


@pytest.mark.parametrize("client", CLIENTS)
async def test_what_is_edited_and_saved_is_a_correction(connect: Connect, client: str) -> None:
    editor = await connect(client, *SAYS, learn="all")
    uri, _ = await placed(editor)
    editor.type(uri, " = [b,", "[b, a]", instead="[a, b]")
    editor.save(uri)
    _, edited = await events("shown", "edited")
    assert edited.texts["draft"] == RIGHT
    assert edited.texts["final"] == RIGHT.replace("[a, b] = [b,", "[b, a] = [b,")


@pytest.mark.parametrize("client", CLIENTS)
async def test_an_undo_is_a_refusal(connect: Connect, client: str) -> None:
    editor = await connect(client, *SAYS, learn="all")
    uri, _ = await placed(editor, "replace")
    editor.undo(uri)
    assert editor.text(uri) == TEXT
    _, rejected = await events("shown", "rejected")
    assert rejected.texts["draft"] == RIGHT
    assert Store().seeds() == []


@pytest.mark.parametrize("client", CLIENTS)
async def test_what_is_closed_unsaved_says_nothing(connect: Connect, client: str) -> None:
    editor = await connect(client, *SAYS, learn="all")
    uri, _ = await placed(editor)
    editor.close(uri)
    _, ignored = await events("shown", "ignored")
    assert ignored.texts.get("final") is None
    assert Store().seeds() == []


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_rename_is_followed(connect: Connect, client: str) -> None:
    editor = await connect(client, *SAYS, learn="all")
    uri, _ = await placed(editor)
    text = editor.text(uri)
    editor.save(uri)
    editor.close(uri)
    (editor.workspace / "a.py").rename(editor.workspace / "b.py")
    other = editor.show((editor.workspace / "b.py").as_uri(), text, "python")
    editor.type(other, "x = 1", "# here\n")
    editor.save(other)
    _, accepted = await events("shown", "accepted")
    assert accepted.texts["final"] == RIGHT
    assert [each.translation for each in Store().seeds()] == [RIGHT]


async def test_a_file_beside_is_followed(connect: Connect) -> None:
    editor = await connect("vscode", *SAYS, learn="all")
    uri, _ = await placed(editor, "beside")
    beside = (editor.workspace / "a.js").as_uri()
    await until(lambda: beside in editor.buffers, "the new file")
    editor.type(beside, "gcd(a, b)", "/* ours */ ")
    editor.save(beside)
    _, accepted = await events("shown", "accepted")
    assert "/* ours */" in accepted.texts["final"]
    assert uri in editor.buffers


async def test_the_next_server_goes_on(connect: Connect) -> None:
    editor = await connect("vscode", *SAYS, learn="all", leaves=False)
    uri, _ = await placed(editor)
    await events("shown")
    await until(lambda: Store().counts()["pending"] == 1, "the translation that waits")
    text = editor.text(uri)
    editor.save(uri)
    editor.process.kill()
    await editor.process.wait()
    other = await connect("vscode", *SAYS, learn="all")
    shown = other.show(uri, text, "python")
    other.type(shown, "x = 1", "# above\n")
    first, accepted = await events("shown", "accepted")
    assert first.row["translation"] == accepted.row["translation"]
    assert Store().counts()["pending"] == 0


async def test_what_waits_survives_a_quiet_end(connect: Connect) -> None:
    editor = await connect("bare", *SAYS, learn="all", leaves=False)
    await placed(editor)
    await editor.leave()
    await events("shown")
    assert Store().counts()["pending"] == 1


async def test_the_persons_word_is_written(connect: Connect) -> None:
    editor = await connect("vscode", *SAYS, learn="all")
    uri, job = await placed(editor)
    await editor.run("transloop.accept", {"job": job})
    _, accepted = await events("shown", "accepted")
    assert accepted.row["explicit"] == 1
    _, other = await placed(editor, name="b.py")
    await editor.run("transloop.reject", {"job": other})
    *_, rejected = await events("shown", "accepted", "shown", "rejected")
    assert rejected.row["explicit"] == 1
    await asyncio.sleep(1.0)  # its text is taken out by the server, which is no second outcome
    await events("shown", "accepted", "shown", "rejected")
    assert uri in editor.buffers


async def test_nothing_is_learned_from_one_that_says_so(connect: Connect) -> None:
    editor = await connect("vscode", *SAYS, learn="all")
    uri, job = await placed(editor)
    editor.save(uri)
    await events("shown", "accepted")
    await editor.run("transloop.learnNothing", {"job": job})
    await until(lambda: Store().seeds() == [], "the seed to go")
    assert all(not each.texts for each in logged())


async def test_an_edit_is_run_again_and_its_verdict_kept(connect: Connect) -> None:
    editor = await connect("vscode", *SAYS, learn="all", mode="balanced", trusted=True)
    uri, _ = await placed(editor)
    assert (await lens(editor, uri))[0].startswith("verified: ")
    editor.type(uri, ";", "a % b + 1]", instead="((a % b) + b) % b]")
    assert not (await lens(editor, uri))[0].startswith("verified: ")
    editor.save(uri)
    shown, edited = await events("shown", "edited")
    assert (shown.row["verdict"], edited.row["verdict"]) == ("verified", "failed")
    assert edited.texts["final"] == WRONG
    evidence = edited.texts["details"]["evidence"]
    assert evidence["agreed"] < evidence["cases"]
    assert evidence["counterexample"]["arguments"]
    assert evidence["survival"]["at_save"] < 1.0
    assert json.loads(edited.row["latency"])["verdict"] > 0
    assert (await lens(editor, uri))[0].startswith("yours: differs: gcd(")
    editor.type(uri, ";", "((a % b) + b) % b]", instead="a % b + 1]")
    editor.save(uri)
    *_, accepted = await events("shown", "edited", "accepted")
    assert accepted.row["verdict"] == "verified"
    assert (await lens(editor, uri))[0].startswith("verified: ")


async def test_the_first_answer_about_learning_counts_from_then_on(connect: Connect) -> None:
    (consent._file()).unlink()
    editor = await connect("vscode", *SAYS, learn="all")
    editor.answers = [next(answer for answer, level in ANSWERS.items() if level == "all")]
    uri, _ = await placed(editor)
    await until(lambda: consent.read().level(None) == "all", "the answer")
    editor.save(uri)
    await until(lambda: any(each.row["kind"] == "accepted" for each in logged()), "the event")
    assert [each.translation for each in Store().seeds()] == [RIGHT]


async def test_a_store_that_cannot_be_written_is_told_once(connect: Connect, home: Path) -> None:
    (home / "seeds").write_text("a file, where a folder should be")
    editor = await connect("vscode", *SAYS, learn="all")
    for name in ("a.py", "b.py"):
        uri, _ = await placed(editor, name=name)
        editor.save(uri)
    await until(lambda: any("nothing is learned" in each for each in editor.messages), "a word")
    await asyncio.sleep(1.5)
    told = [each for each in editor.messages if "nothing is learned" in each]
    assert len(told) == 1, told
    assert told[0].endswith("Everything else works.")


async def test_a_full_disk_is_told_once_and_nothing_else_stops(connect: Connect) -> None:
    editor = await connect("vscode", *SAYS, learn="all")
    uri, _ = await placed(editor)
    editor.save(uri)
    await events("shown", "accepted")
    _, most = resource.prlimit(editor.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(editor.process.pid, resource.RLIMIT_FSIZE, (0, most))  # as if it were full
    for name in ("b.py", "c.py"):
        uri, _ = await placed(editor, name=name)
        assert RIGHT in editor.text(uri)
    await until(lambda: any("nothing is learned" in each for each in editor.messages), "a word")
    await asyncio.sleep(0.5)
    assert len([each for each in editor.messages if "nothing is learned" in each]) == 1
    await events("shown", "accepted")
    resource.prlimit(editor.process.pid, resource.RLIMIT_FSIZE, (most, most))
    editor.save(uri)
    *_, accepted = await events("shown", "accepted", "accepted")
    assert accepted.texts["details"]["path"] == "c.py"


async def test_two_servers_and_a_reader_share_a_store(connect: Connect) -> None:
    editors = [await connect(client, "--quick", learn="all") for client in ("vscode", "bare")]
    seen, reading = Seen(), asyncio.Event()

    async def look() -> None:
        while not reading.is_set():
            await asyncio.to_thread(seen.look)

    async def work(editor: Editor) -> None:
        for at in range(10):
            name = f"{editor.name}_{at}"
            text = f"def {name}(x):\n    return {at} + x"
            uri = editor.open(f"{name}.py", f"{text}\n")
            await editor.done(await editor.translate(uri, text, "javascript", placement="below"))
            editor.save(uri)

    reader = asyncio.create_task(look())
    await asyncio.gather(*map(work, editors))
    await until(lambda: Store().counts()["events"].get("accepted") == 20, "all that was accepted")
    reading.set()
    await reader
    assert Store().counts()["events"] == {"shown": 20, "accepted": 20}
    assert (len(Store().seeds()), Store().counts()["pending"]) == (20, 0)
    assert all("learn" not in each for editor in editors for each in editor.messages)
    assert seen.looks > 20
