"""The settings are written once for editors, in VS Code's package.json; the server agrees."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from transloop_settings.settings import (
    USER_ONLY,
    Engine,
    Learn,
    Remote,
    Sampling,
    Sandbox,
    Settings,
    Train,
    Verify,
)

ROOT = Path(__file__).resolve().parents[2]
MANIFEST: dict[str, Any] = json.loads(
    (ROOT / "editor-clients/vscode/package.json").read_text(encoding="utf-8")
)
PROPERTIES: dict[str, dict[str, Any]] = MANIFEST["contributes"]["configuration"]["properties"]

THE_EXTENSIONS_OWN = {"server.command"}


def snake(key: str) -> str:
    return re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", key.removeprefix("transloop."))


def leaves(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Each leaf's dotted name, its default as JSON has it, and its JSON schema."""
    schema = model.model_json_schema()["properties"]
    for name, field in model.model_fields.items():
        default = field.get_default()
        if isinstance(default, BaseModel):
            yield from leaves(type(default), f"{prefix}{name}.")
        else:
            as_json = list(default) if isinstance(default, tuple) else default
            yield f"{prefix}{name}", as_json, schema[name]


SERVER = {name: (default, schema) for name, default, schema in leaves(Settings)}
SECRET = {name for name, (_, schema) in SERVER.items() if schema.get("writeOnly")}
EDITOR = {snake(key): each for key, each in PROPERTIES.items()}
SHARED = sorted(SERVER.keys() - SECRET)


def test_the_walk_sees_every_leaf() -> None:
    groups = (Engine, Sampling, Remote, Verify, Sandbox, Learn, Train)
    assert len(SERVER) == sum(len(each.model_fields) for each in (Settings, *groups)) - len(groups)


def test_no_setting_is_missing_and_none_is_extra() -> None:
    assert EDITOR.keys() == (SERVER.keys() - SECRET) | THE_EXTENSIONS_OWN


@pytest.mark.parametrize("name", SHARED)
def test_the_defaults_are_the_same(name: str) -> None:
    assert EDITOR[name]["default"] == SERVER[name][0]


@pytest.mark.parametrize("name", SHARED)
def test_the_choices_and_bounds_are_the_same(name: str) -> None:
    bounds = ("enum", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
    schema = SERVER[name][1]
    served: dict[str, Any] = {}
    for variant in (schema, *schema.get("anyOf", [])):
        served |= {bound: variant[bound] for bound in bounds if bound in variant}
    assert {bound: EDITOR[name][bound] for bound in bounds if bound in EDITOR[name]} == served


@pytest.mark.parametrize("name", sorted(EDITOR))
def test_each_setting_is_described(name: str) -> None:
    each = EDITOR[name]
    assert each.get("description") or each.get("markdownDescription")
    assert len(each.get("enumDescriptions", [])) in (0, len(each.get("enum", [])))


def test_a_workspace_chooses_neither_the_program_nor_the_model_nor_where_code_goes() -> None:
    users = {key for key in PROPERTIES if snake(key).split(".")[0] in (*USER_ONLY, "server")}
    assert users == {key for key, each in PROPERTIES.items() if each["scope"] == "machine"}
    untrusted = MANIFEST["capabilities"]["untrustedWorkspaces"]
    assert users == set(untrusted["restrictedConfigurations"])
    assert len(users) >= 10


def test_a_secret_is_not_a_setting_of_the_editor() -> None:
    """Editors synchronise their settings between machines, and people publish them."""
    assert sorted(SECRET) == ["remote.api_key"]
    assert not SECRET & EDITOR.keys()


def test_the_targets_to_choose_from_are_the_languages_that_there_are() -> None:
    files = (ROOT / "server/transloop_syntax/languages").glob("*.toml")
    choices = EDITOR["targets"]["items"]["enum"]
    assert sorted(choices) == sorted(file.stem for file in files)


def test_the_extension_wakes_up_for_the_languages_that_there_are() -> None:
    files = (ROOT / "server/transloop_syntax/languages").glob("*.toml")
    ids = {each for file in files for each in tomllib.loads(file.read_text("utf-8"))["lsp_ids"]}
    assert MANIFEST["activationEvents"] == [f"onLanguage:{each}" for each in sorted(ids)]
    pattern = f"editorLangId =~ /^({'|'.join(sorted(ids))})$/"
    contributed = MANIFEST["contributes"]
    entries = [
        *contributed["keybindings"],
        *(e for es in contributed["menus"].values() for e in es),
    ]
    conditions = [each["when"] for each in entries if "editorLangId" in each.get("when", "")]
    assert len(conditions) == 4
    for condition in conditions:
        assert pattern in condition


def test_everything_can_be_reached_by_keyboard() -> None:
    """The palette runs every command; what is done often has a key, and none has two meanings."""
    contributed = MANIFEST["contributes"]
    commands = {each["command"] for each in contributed["commands"]}
    hidden = {
        each["command"]
        for each in contributed["menus"]["commandPalette"]
        if each.get("when") == "false"
    }
    assert not hidden
    keys = contributed["keybindings"]
    assert {each["command"] for each in keys} <= commands
    assert len({each["key"] for each in keys}) == len({each["mac"] for each in keys}) == len(keys)
    often = ("translate", "cancel", "accept", "reject", "next", "diff", "evidence")
    assert {each["command"] for each in keys} == {f"transloop.ui.{name}" for name in often}
    entries = [e for name, es in contributed["menus"].items() if name != "editor/title" for e in es]
    assert {each["command"] for each in entries if "command" in each} <= commands


def test_icons_have_words_and_commands_say_what_they_do() -> None:
    for each in MANIFEST["contributes"]["commands"]:
        assert each["category"] == "transloop"
        assert each["title"][0].isupper()
        icon = each.get("icon")
        if isinstance(icon, dict):
            assert set(icon) == {"light", "dark"}
            assert all((ROOT / "editor-clients/vscode" / file).is_file() for file in icon.values())


def test_the_walkthrough_and_the_readme_name_commands_and_keys_that_there_are() -> None:
    contributed = MANIFEST["contributes"]
    commands = {each["command"] for each in contributed["commands"]}
    (walkthrough,) = contributed["walkthroughs"]
    described = " ".join(step["description"] for step in walkthrough["steps"])
    linked = re.findall(r"\(command:([\w.]+)\)", described)
    awaited = [event for step in walkthrough["steps"] for event in step["completionEvents"]]
    named = [event.removeprefix("onCommand:") for event in awaited if "onCommand" in event]
    assert len(linked) >= 5
    assert {*linked, *named} <= commands
    readme = (ROOT / "editor-clients/vscode/README.md").read_text(encoding="utf-8")
    keys = {each["key"].upper() for each in contributed["keybindings"]}
    assert {key.upper() for key in re.findall(r"`(Ctrl\+K \w)`", readme)} == keys
    titles = {f"transloop: {each['title']}" for each in contributed["commands"]}
    mentioned = set(re.findall(r"\*(transloop: [\w .]+)\*", readme))
    assert len(mentioned) >= 4
    assert mentioned <= titles


def test_the_lock_file_names_no_registry() -> None:
    lock = (ROOT / "editor-clients/vscode/package-lock.json").read_text(encoding="utf-8")
    packages = json.loads(lock)["packages"]
    assert len(packages) > 50
    assert not [name for name, each in packages.items() if "resolved" in each]
