"""Finding, copying, installing and removing compilers; the tools here are copies of `echo`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from transloop_sandbox import install, toolchains, warm
from transloop_sandbox.copies import opened_copy
from transloop_sandbox.isolation import choose
from transloop_sandbox.recipe import Install, Tool, recipe
from transloop_sandbox.toolchains import Found, closed, find, installed, toolchain
from transloop_settings.errors import InstallFailed, ToolchainMissing

ECHO = Path(shutil.which("echo") or "/bin/echo").resolve()
TOOL = Tool(
    program="bin/tool",
    version=("tool", "3.2.1"),
    version_pattern=r"tool (\S+)",
    advice={"any": "make tool"},
)


@pytest.fixture(autouse=True)
def path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: Path) -> Path:
    """The only folder on the PATH, and toolchains of this test alone."""
    (home / "toolchains").unlink()
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("HOME", str(tmp_path / "person"))
    return folder


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that every user may enter, as transloop's home."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        monkeypatch.setenv("TRANSLOOP_HOME", folder)
        yield Path(folder)


def put(root: Path, name: str = "tool") -> Path:
    program = root / "bin" / name
    program.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(ECHO, program)
    return program


# Finding -----------------------------------------------------------------------------------------


def test_a_tool_on_the_path_is_found_with_the_folder_it_is_really_in(
    path: Path, tmp_path: Path
) -> None:
    program = put(tmp_path / "opt" / "tool-3")
    (path / "tool").symlink_to(program)
    found = find("tool", TOOL)
    assert found is not None
    assert (found.root, found.program, found.version) == (program.parents[1], program, "3.2.1")
    assert not found.everywhere


def test_nothing_is_found_where_nothing_is(path: Path) -> None:
    (path / "tool").mkdir()
    assert find("tool", TOOL) is None


def test_another_name_will_do(path: Path, tmp_path: Path) -> None:
    (path / "other").symlink_to(put(tmp_path / "opt", "other"))
    assert find("tool", TOOL) is None
    assert find("tool", replace(TOOL, names=("tool", "other"))) is not None


def test_a_shim_is_never_started(path: Path, tmp_path: Path) -> None:
    script = path / "tool"
    script.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\necho tool 3.2.1\n")
    script.chmod(0o755)
    assert find("tool", TOOL) is None
    script.unlink()
    script.symlink_to(put(tmp_path / "cargo", "rustup"))
    assert find("tool", TOOL) is None
    assert not (tmp_path / "started").exists()


def test_what_a_shim_stands_for_is_found_in_its_own_place(path: Path, tmp_path: Path) -> None:
    (path / "tool").symlink_to(put(tmp_path / "cargo", "rustup"))
    real = put(tmp_path / "person" / ".many" / "v2")
    put(tmp_path / "person" / ".many" / "v1")
    found = find("tool", replace(TOOL, also=("~/.many/*/bin/tool",)))
    assert found is not None
    assert found.program == real


def test_one_that_is_too_old_is_passed_over(path: Path, tmp_path: Path) -> None:
    (path / "tool").symlink_to(put(tmp_path / "old"))
    assert find("tool", replace(TOOL, least="3.2")) is not None
    assert find("tool", replace(TOOL, least="3.10")) is None


def test_one_that_says_no_version_is_none(path: Path, tmp_path: Path) -> None:
    (path / "tool").symlink_to(put(tmp_path / "odd"))
    assert find("tool", replace(TOOL, version=("something", "else"))) is None


def test_a_stamp_changes_with_the_file(path: Path, tmp_path: Path) -> None:
    program = put(tmp_path / "opt")
    (path / "tool").symlink_to(program)
    first = find("tool", TOOL)
    os.utime(program, ns=(1, 1))
    second = find("tool", TOOL)
    assert first is not None
    assert second is not None
    assert first.stamp != second.stamp


def test_a_missing_tool_is_told_with_what_this_machine_can_do(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    advised = replace(TOOL, advice={"apt": "apt install tool", "brew": "brew install tool"})
    assert toolchains.advice("tool", advised) == (
        "Install tool: apt install tool or brew install tool."
    )
    put(path.parent, "brew")
    (path / "brew").symlink_to(path.parent / "bin" / "brew")
    assert toolchains.advice("tool", advised) == "Run: brew install tool"
    with pytest.raises(ToolchainMissing, match="there is no gcc on this machine"):
        toolchain("c")


def test_what_is_installed_meanwhile_is_found(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    with pytest.raises(ToolchainMissing):
        toolchain("python")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert "python 3." in toolchain("python").version


# Copies ------------------------------------------------------------------------------------------


def tree(root: Path) -> Path:
    put(root)
    (root / "lib").mkdir()
    (root / "lib" / "private").write_text("library")
    (root / "lib" / "private").chmod(0o600)
    (root / "lib" / "link").symlink_to("private")
    (root / "lib" / "out").symlink_to(root.parent / "outside")
    (root.parent / "outside").write_text("outside")
    (root / "share").mkdir()
    (root / "share" / "doc").write_text("x")
    return root


def test_a_closed_tool_is_copied_where_everybody_can_read_it(tmp_path: Path, opened: Path) -> None:
    root = tree(tmp_path / "closed" / "tool")
    copy = opened_copy(root, "tool 1", ["share"])
    assert copy.is_relative_to(opened)
    assert not (copy / "share").exists()
    assert (copy / "lib" / "private").stat().st_mode & 0o777 == 0o444
    assert (copy / "lib" / "link").readlink() == Path("private")
    assert (copy / "lib" / "out").read_text() == "outside"
    assert not (copy / "lib" / "out").is_symlink()
    assert (copy / "bin" / "tool").samefile(root / "bin" / "tool")  # a link costs no space
    assert subprocess.run([copy / "bin" / "tool", "x"], capture_output=True, check=True).stdout
    assert opened_copy(root, "tool 1", ["share"]) == copy
    assert opened_copy(root, "tool 2", ["share"]) != copy


@pytest.mark.parametrize("mode", [0o700, 0o755])
def test_a_folder_is_closed_if_programs_cannot_come_in(
    mode: int, opened: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outer = opened / "outer"
    (outer / "inner").mkdir(parents=True)
    outer.chmod(mode)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert closed(outer / "inner") == (mode == 0o700)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert not closed(outer / "inner")


def test_an_open_tool_is_preferred_to_one_that_must_be_copied(
    tmp_path: Path, opened: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    shut = put(opened / "shut")
    (opened / "shut").chmod(0o700)
    (path / "tool").symlink_to(shut)
    free = put(opened / "free")
    found = find("tool", replace(TOOL, also=(str(free),)))
    assert found is not None
    assert found.program == free


def test_nothing_is_put_where_programs_cannot_read_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    tmp_path.chmod(0o700)
    with pytest.raises(InstallFailed, match="Set TRANSLOOP_HOME"):
        warm.require_open(tmp_path)


# Installing --------------------------------------------------------------------------------------

WHEEL = "transloop_test_tool-1.0-py3-none-any.whl"
METADATA = "Metadata-Version: 2.1\nName: transloop-test-tool\nVersion: 1.0\n"
BY_PIP = replace(TOOL, install=Install(folder="kit", pip="transloop-test-tool==1.0"))


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: Path) -> Path:
    """A folder from which pip takes its wheels, and nothing else."""
    folder = tmp_path / "shop"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PATH", os.defpath)
    return folder


def wheel(shop: Path, program: str = "kit/bin/tool") -> None:
    info = WHEEL.partition("-py3")[0] + ".dist-info"
    with zipfile.ZipFile(shop / WHEEL, "w") as made:
        entry = zipfile.ZipInfo(program)
        entry.external_attr = 0o100700 << 16
        made.writestr(entry, ECHO.read_bytes())
        made.writestr("kit/readme", "x")
        made.writestr(f"{info}/METADATA", METADATA)
        made.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n")
        made.writestr(f"{info}/RECORD", "")


def test_a_tool_is_got_by_pip_and_found_from_then_on(shop: Path) -> None:
    wheel(shop)
    seen: list[int] = []
    folder = install.install("tool", BY_PIP, seen.append)
    assert folder == installed("tool")
    found = find("tool", BY_PIP)
    assert found is not None
    assert found.program == folder / "bin" / "tool"
    assert found.program.stat().st_mode & 0o777 == 0o755
    assert (folder / "readme").stat().st_mode & 0o444 == 0o444
    assert sorted(each.name for each in folder.parent.iterdir()) == [".tool.install.lock", "tool"]
    assert seen


def test_an_installed_tool_is_not_got_again(shop: Path) -> None:
    wheel(shop)
    first = install.install("tool", BY_PIP)
    (shop / WHEEL).unlink()
    assert install.install("tool", BY_PIP) == first


def test_an_interrupted_installation_goes_on_where_it_was(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel(shop)

    def interrupted(*given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(install, "_unzip", interrupted)
        install.install("tool", BY_PIP)
    assert find("tool", BY_PIP) is None
    (shop / WHEEL).unlink()  # it is here already
    assert install.install("tool", BY_PIP).exists()


def test_a_package_that_there_is_not_is_told_with_pips_reason(shop: Path) -> None:
    with pytest.raises(InstallFailed, match=r"transloop-test-tool==1\.0 could not be got: ERROR"):
        install.install("tool", BY_PIP)
    wheel(shop)
    assert install.install("tool", BY_PIP).exists()


def test_a_package_that_does_not_hold_the_tool_is_refused(shop: Path) -> None:
    wheel(shop, "kit/bin/other")
    with pytest.raises(InstallFailed, match="does not hold bin/tool"):
        install.install("tool", BY_PIP)
    assert not installed("tool").exists()


def test_a_tool_that_does_not_start_is_refused(shop: Path) -> None:
    wheel(shop)
    silent = replace(BY_PIP, version=("nothing",))
    with pytest.raises(InstallFailed, match="does not start"):
        install.install("tool", silent)


def test_a_damaged_package_is_got_again(shop: Path) -> None:
    wheel(shop)
    work = installed("tool").with_name(".tool.install")
    (work / "wheel").mkdir(parents=True)
    (work / "wheel" / WHEEL).write_bytes((shop / WHEEL).read_bytes()[:1000])
    with pytest.raises(InstallFailed, match=r"damaged.*Try again"):
        install.install("tool", BY_PIP)
    assert install.install("tool", BY_PIP).exists()


def test_a_tool_is_got_by_npm(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = shop / "package"
    put(package)
    (package / "package.json").write_text('{"name": "transloop-test-tool", "version": "1.0.0"}')
    packed = shop / "packed.tgz"
    with tarfile.open(packed, "w:gz") as made:
        made.add(package, "package")
    given = Install(folder="node_modules/transloop-test-*", npm=str(packed))
    folder = install.install("tool", replace(TOOL, install=given))
    assert (folder / "package.json").exists()
    monkeypatch.setenv("PATH", str(shop))
    with pytest.raises(InstallFailed, match="npm is needed"):
        install.install("another", replace(TOOL, install=given))


def test_two_that_install_at_once_do_not_disturb_each_other(shop: Path, opened: Path) -> None:
    wheel(shop)
    program = (
        "from transloop_sandbox import install, recipe\n"
        f"tool = recipe.Tool(program='bin/tool', version={TOOL.version!r}, "
        f"version_pattern={TOOL.version_pattern!r}, advice={{}}, "
        "install=recipe.Install(folder='kit', pip='transloop-test-tool==1.0'))\n"
        "install.install('tool', tool)\n"
    )
    started = [subprocess.Popen([sys.executable, "-P", "-c", program]) for _ in range(2)]
    assert [each.wait(60) for each in started] == [0, 0]
    assert find("tool", BY_PIP) is not None


def test_nothing_is_fetched_offline(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRANSLOOP_OFFLINE", "1")
    with pytest.raises(InstallFailed, match="TRANSLOOP_OFFLINE is set"):
        install.install("tool", BY_PIP)


def test_what_no_package_has_is_told_with_the_way_to_get_it() -> None:
    with pytest.raises(ToolchainMissing, match=r"cannot get tool itself\. Install tool: make tool"):
        install.install("tool", TOOL)


def test_a_tool_is_removed(shop: Path) -> None:
    wheel(shop)
    install.install("tool", BY_PIP)
    assert install.remove("tool")
    assert not install.remove("tool")
    assert find("tool", BY_PIP) is None


# What is made once -------------------------------------------------------------------------------


@pytest.fixture
def made(opened: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Path]:
    """Makes the daemon of Java, in a toolchain folder of this test alone."""
    monkeypatch.setenv("PATH", os.defpath)
    java = recipe("java")
    return lambda: warm.warm(java, "daemon", toolchain("java"), choose())


def test_what_is_made_once_is_there_for_everybody(made: Callable[[], Path]) -> None:
    folder = made()
    assert (folder / "CompilerDaemon.class").stat().st_mode & 0o444 == 0o444
    assert warm.intact(folder)
    assert warm.verified(folder)
    before = folder.stat().st_mtime_ns
    assert made() == folder
    assert folder.stat().st_mtime_ns == before


def test_a_damaged_one_is_noticed_and_made_again(made: Callable[[], Path]) -> None:
    folder = made()
    file = folder / "CompilerDaemon.class"
    content = file.read_bytes()
    file.chmod(0o644)
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert warm.intact(folder)
    assert not warm.verified(folder)
    java = recipe("java")
    warm.checked(java, "daemon", toolchain("java"), choose())
    assert file.read_bytes() == content
    file.chmod(0o644)
    file.write_bytes(content[:10])
    assert not warm.intact(folder)
    warm._SEEN.clear()
    assert (made() / "CompilerDaemon.class").read_bytes() == content


def test_another_version_of_a_tool_makes_another(opened: Path) -> None:
    java = recipe("java")
    tools = toolchains.Toolchain("java", {"java": Found("java", opened, opened, "17", "17")})
    newer = toolchains.Toolchain("java", {"java": Found("java", opened, opened, "21", "21")})
    assert warm.place(java, "daemon", tools) != warm.place(java, "daemon", newer)


def test_what_was_made_for_other_tools_is_deleted(made: Callable[[], Path]) -> None:
    folder = made()
    old = folder.with_name("java-daemon-old")
    old.mkdir()
    warm.prune([folder])
    assert folder.exists()
    assert not old.exists()
    warm.prune([])
    assert not folder.exists()
