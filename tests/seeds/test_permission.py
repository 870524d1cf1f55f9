"""What may be kept: the strictest of consent, settings, ignored files and the run itself."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from transloop_seeds import consent
from transloop_seeds.consent import Consent
from transloop_seeds.ignore import ignore_for
from transloop_seeds.permission import permission
from transloop_settings import directories
from transloop_settings.errors import SettingsError
from transloop_settings.settings import Learn, Level, load

AGREED = Consent({"*": "all"})


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "app.py").write_text("x = 1\n")
    return folder


# Consent -----------------------------------------------------------------------------------------


def test_nobody_who_was_not_asked_has_agreed(workspace: Path) -> None:
    found = permission(workspace, [workspace / "src/app.py"], Learn(), consent.read())
    assert (found.level, found.reason) == ("off", "you were not asked yet")


def test_an_answer_is_remembered_for_all_or_for_one_workspace(workspace: Path) -> None:
    consent.answer("all")
    consent.answer("off", workspace)
    found = consent.read()
    assert found.level(workspace) == "off"
    assert found.level(workspace / "src") == "all"
    assert found.level(None) == "all"
    consent.answer("no-code", workspace)
    assert consent.read().level(workspace) == "no-code"
    file = directories.state() / "consent.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert {each.name for each in file.parent.iterdir()} <= {"consent.json", "consent.lock"}


@pytest.mark.parametrize("broken", ["{", "[]", '{"answers": {"*": {"level": "most"}}}', "\udcff"])
def test_an_answer_that_cannot_be_read_is_none(workspace: Path, broken: str) -> None:
    directories.state().mkdir(parents=True)
    (directories.state() / "consent.json").write_bytes(broken.encode("utf-8", "surrogateescape"))
    found = permission(workspace, [], Learn(), consent.read())
    assert found.level == "off"
    assert "cannot be read" in found.reason
    # A new answer does not take the place of a no that nobody can read any more.
    with pytest.raises(SettingsError, match="Delete it, and answer again"):
        consent.answer("all")


@pytest.mark.parametrize("agreed", ["all", "no-code", "off"])
@pytest.mark.parametrize("chosen", ["all", "no-code", "off"])
def test_the_stricter_of_consent_and_settings_holds(
    workspace: Path, agreed: Level, chosen: Level
) -> None:
    found = permission(workspace, [], Learn(level=chosen), Consent({"*": agreed}))
    order = ["all", "no-code", "off"]
    assert found.level == max(agreed, chosen, key=order.index)
    assert bool(found.reason) == (found.level != "all")


def test_do_not_learn_from_this(workspace: Path) -> None:
    found = permission(workspace, [], Learn(), AGREED, this_run=False)
    assert (found.level, found.reason) == ("off", "you said not to learn from this")


def test_the_retention_comes_from_the_settings(workspace: Path) -> None:
    assert permission(workspace, [], Learn(retention_days=7), AGREED).retention_days == 7


# Ignored files -----------------------------------------------------------------------------------

PATTERNS = "# ours\nsecret/\n*.key.py\n/src/private_*\n!src/private_but_open.py\ndocs/**/draft.py\n"


@pytest.mark.parametrize(
    ("path", "ignored"),
    [
        ("src/app.py", False),
        ("secret/app.py", True),
        ("src/secret/deep/app.py", True),
        ("src/my.key.py", True),
        ("src/private_thing.py", True),
        ("lib/src/private_thing.py", False),
        ("src/private_but_open.py", False),
        ("docs/a/b/draft.py", True),
        ("src/../secret/app.py", True),
    ],
)
def test_files_are_ignored_as_git_does_it(workspace: Path, path: str, ignored: bool) -> None:
    (workspace / ".transloopignore").write_text(PATTERNS)
    found = permission(workspace, [workspace / path], Learn(), AGREED)
    assert (found.level == "off") == ignored
    assert ("is ignored" in found.reason) == ignored


def test_one_ignored_file_of_several_is_enough(workspace: Path) -> None:
    (workspace / ".transloopignore").write_text("secret/\n")
    paths = [workspace / "src/app.py", workspace / "secret/app.js"]
    assert permission(workspace, paths, Learn(), AGREED).level == "off"


def test_patterns_of_the_settings_count_too(workspace: Path) -> None:
    learn = Learn(ignore=("*.sql.py",))
    assert permission(workspace, [workspace / "a.sql.py"], learn, AGREED).level == "off"
    assert permission(workspace, [workspace / "a.py"], learn, AGREED).level == "all"


def test_a_link_to_an_ignored_file_is_ignored(workspace: Path) -> None:
    (workspace / "secret").mkdir()
    (workspace / "secret/app.py").write_text("x = 1\n")
    (workspace / "open.py").symlink_to(workspace / "secret/app.py")
    (workspace / ".transloopignore").write_text("secret/\n")
    assert permission(workspace, [workspace / "open.py"], Learn(), AGREED).level == "off"


def test_a_workspace_behind_a_link_is_the_same_workspace(workspace: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(workspace, target_is_directory=True)
    (workspace / ".transloopignore").write_text("secret/\n")
    for path, level in ((workspace / "src/app.py", "all"), (workspace / "secret/a.py", "off")):
        assert permission(link, [path], Learn(), AGREED).level == level


@pytest.mark.parametrize(
    "broken", ["[abc\n", "!\n", "fine\nx[z-a]\n", "trailing\\\n", "/\n", "nul\0\n"]
)
def test_a_broken_pattern_means_that_nothing_is_learned(workspace: Path, broken: str) -> None:
    (workspace / ".transloopignore").write_text(broken)
    found = permission(workspace, [workspace / "src/app.py"], Learn(), AGREED)
    assert found.level == "off"
    assert f".transloopignore, line {broken.count(chr(10))}" in found.reason
    found = permission(workspace, [], Learn(ignore=tuple(broken.split("\n"))), AGREED)
    assert found.level == "off"


def test_an_unreadable_file_means_that_nothing_is_learned(workspace: Path) -> None:
    file = workspace / ".transloopignore"
    file.write_bytes(b"caf\xe9\n")
    assert "it is not UTF-8" in permission(workspace, [], Learn(), AGREED).reason
    file.unlink()
    file.mkdir()
    found = permission(workspace, [workspace / "src/app.py"], Learn(), AGREED)
    assert found.level == "off"
    assert "cannot be read" in found.reason
    file.rmdir()
    file.symlink_to(file)
    assert permission(workspace, [workspace / "src/app.py"], Learn(), AGREED).level == "off"


@pytest.mark.parametrize("harmless", ["", "\n\n# only a comment\n", "\ufeffsecret/\n"])
def test_a_harmless_file_ignores_nothing_else(workspace: Path, harmless: str) -> None:
    (workspace / ".transloopignore").write_text(harmless, encoding="utf-8")
    assert permission(workspace, [workspace / "src/app.py"], Learn(), AGREED).level == "all"


def test_where_patterns_cannot_be_applied_nothing_is_learned(
    workspace: Path, tmp_path: Path
) -> None:
    assert ignore_for(workspace).reason([]) == ""
    (workspace / ".transloopignore").write_text("secret/\n")
    assert "no path" in permission(workspace, [], Learn(), AGREED).reason
    outside = permission(workspace, [tmp_path / "other.py"], Learn(), AGREED)
    assert "outside of the workspace" in outside.reason


# Settings ----------------------------------------------------------------------------------------


def write_settings(workspace: Path, user: str, local: str) -> None:
    directories.user_settings().parent.mkdir(parents=True, exist_ok=True)
    directories.user_settings().write_text(user)
    (workspace / ".transloop.toml").write_text(local)


def test_a_workspace_may_lower_what_is_learned_and_not_raise_it(workspace: Path) -> None:
    write_settings(
        workspace,
        '[learn]\nlevel = "no-code"\nretention_days = 30\nignore = ["mine/"]\n',
        '[learn]\nlevel = "all"\nretention_days = 3000\nignore = ["theirs/"]\n',
    )
    learn = load(workspace, {"learn": {"level": "all"}}).learn
    assert (learn.level, learn.retention_days) == ("no-code", 30)
    assert learn.ignore == ("mine/", "theirs/")
    write_settings(workspace, "", '[learn]\nlevel = "off"\nretention_days = 3\n')
    learn = load(workspace).learn
    assert (learn.level, learn.retention_days) == ("off", 3)


def test_an_unknown_level_is_an_error(workspace: Path) -> None:
    write_settings(workspace, "", '[learn]\nlevel = "some"\n')
    with pytest.raises(SettingsError, match=r"learn\.level"):
        load(workspace)


def test_a_repositorys_vscode_settings_cannot_raise_what_is_learned() -> None:
    """VS Code lets a folder's own settings win over the person's, but for this scope."""
    manifest = Path(__file__).parents[2] / "editor-clients/vscode/package.json"
    known = json.loads(manifest.read_text("utf-8"))["contributes"]["configuration"]["properties"]
    scopes = {key: each["scope"] for key, each in known.items() if ".learn." in key}
    assert len(scopes) == len(Learn.model_fields)
    assert set(scopes.values()) == {"application"}
