"""The filter: what it says is checked by reading it as the kernel does, for both processors."""

from __future__ import annotations

import errno
import platform
import re
import struct
from pathlib import Path

import pytest

from transloop_sandbox import seccomp
from transloop_sandbox.syscalls import AARCH64, AUDIT_ARCH, X86_64

TABLES = {"x86_64": X86_64, "aarch64": AARCH64}
ALLOW, KILL = 0x7FFF0000, 0x80000000
ANY = (0, 0, 0, 0, 0, 0)

both = pytest.mark.parametrize("machine", TABLES)


def decided(
    machine: str, number: int, arguments: tuple[int, ...] = ANY, arch: int = 0, **options: bool
) -> int:
    """What the filter returns for a call: a small machine for the code that it consists of."""
    code = list(struct.iter_unpack("=HBBI", seccomp.program(machine=machine, **options)))
    padded = (*arguments, *ANY)[:6]
    data = struct.pack("=IIQ6Q", number, arch or AUDIT_ARCH[machine], 0, *padded)
    value, at = 0, 0
    while True:
        operation, yes, no, constant = code[at]
        at += 1
        match operation:
            case 0x20:
                (value,) = struct.unpack_from("=I", data, constant)
            case 0x54:
                value &= constant
            case 0x06:
                return int(constant)
            case 0x15 | 0x35 | 0x45:
                holds = {0x15: value == constant, 0x35: value >= constant, 0x45: value & constant}
                at += yes if holds[operation] else no
            case _:
                raise AssertionError(f"unknown instruction {operation:#x}")


def refused(name: str) -> int:
    return 0x00050000 | int(getattr(errno, name))


@both
def test_what_is_not_named_is_allowed(machine: str) -> None:
    for number in (0, 1, 3, 220 if machine == "x86_64" else 57, 231, 318, 334):
        if number not in TABLES[machine].values():
            assert decided(machine, number) == ALLOW


@both
def test_another_architecture_is_killed(machine: str) -> None:
    other = next(value for name, value in AUDIT_ARCH.items() if name != machine)
    assert decided(machine, 0, arch=other) == KILL
    assert decided(machine, 20, arch=0x40000003) == KILL  # i386


def test_x32_is_killed() -> None:
    assert decided("x86_64", 0x40000000) == KILL
    assert decided("x86_64", 0x40000000 | X86_64["ptrace"]) == KILL


@both
def test_every_call_that_is_named_is_met(machine: str) -> None:
    table = TABLES[machine]
    for name in seccomp.KILLED.split():
        if name in table:
            assert decided(machine, table[name]) == KILL, name
    for error, names in seccomp.REFUSED.items():
        for name in names.split():
            if name in table:
                assert decided(machine, table[name]) == refused(error), name


def test_every_name_is_known_somewhere() -> None:
    """A name that is in no table would be a rule that does nothing."""
    words = [seccomp.KILLED, seccomp.METADATA, *seccomp.REFUSED.values()]
    names = {name for text in words for name in text.split()}
    assert names <= set(X86_64) | set(AARCH64)
    assert len(names) > 80


@both
def test_metadata_is_refused_only_where_asked_for(machine: str) -> None:
    number = TABLES[machine]["fchmodat"]
    assert decided(machine, number) == ALLOW
    assert decided(machine, number, deny_metadata=True) == refused("EPERM")


CALLS = {
    "TCP": ("socket", (2, 1), ALLOW),
    "TCP, with flags": ("socket", (10, 1 | 0o2004000), ALLOW),
    "TCP by name": ("socket", (2, 1, 6), ALLOW),
    "SCTP": ("socket", (2, 1, 132), refused("EACCES")),
    "UDP": ("socket", (2, 2), refused("EACCES")),
    "raw": ("socket", (2, 3), refused("EACCES")),
    "Unix": ("socket", (1, 1), refused("EACCES")),
    "netlink": ("socket", (16, 3), refused("EACCES")),
    "vsock": ("socket", (40, 1), KILL),
    "packet": ("socket", (17, 3), KILL),
    "family, above what the kernel reads": ("socket", (1 << 32 | 40, 1), KILL),
    "pair of streams": ("socketpair", (1, 1), ALLOW),
    "pair of packets": ("socketpair", (1, 5), ALLOW),
    "pair of datagrams": ("socketpair", (1, 2), refused("EACCES")),
    "send": ("sendto", (3, 0, 0, 0, 0), ALLOW),
    "send to": ("sendto", (3, 0, 0, 0, 0x7FFF1000), KILL),
    "send to, high address": ("sendto", (3, 0, 0, 0, 0x7FFF << 32), KILL),
    "fast open": ("sendmsg", (3, 0, 0x20000000), KILL),
    "message": ("sendmsg", (3, 0, 0x4000), ALLOW),
    "fast open of many": ("sendmmsg", (3, 0, 1, 0x20000000), KILL),
    "thread": ("clone", (0x3D0F00,), ALLOW),
    "namespace of users": ("clone", (0x10000000 | 17,), refused("EPERM")),
    "namespace of mounts": ("clone", (0x00020000,), refused("EPERM")),
    "terminal, asked": ("ioctl", (0, 0x5413), ALLOW),
    "terminal, typed on": ("ioctl", (0, 0x5412), refused("EPERM")),
    "terminal, typed on, high bits": ("ioctl", (0, 1 << 32 | 0x5412), refused("EPERM")),
    "addresses of this machine": ("ioctl", (3, 0x8912), refused("EPERM")),
    "another ioctl": ("ioctl", (3, 0x8A12), ALLOW),
    "descriptor, asked": ("fcntl", (0, 1), ALLOW),
    "lease": ("fcntl", (0, 1024, 0), refused("EPERM")),
    "own limits": ("prlimit64", (0, 7), ALLOW),
    "limits of others": ("prlimit64", (1234, 7), refused("EPERM")),
    "own priority": ("setpriority", (0, 0, 5), ALLOW),
    "priority of another": ("setpriority", (0, 1234, 5), refused("EPERM")),
    "priority of a user": ("setpriority", (2, 0, 5), refused("EPERM")),
    "own cores": ("sched_setaffinity", (0,), ALLOW),
    "cores of another": ("sched_setaffinity", (1234,), refused("EPERM")),
    "disk priority of a user": ("ioprio_set", (3, 0, 5), refused("EPERM")),
}


@both
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_calls_that_depend_on_their_arguments(
    machine: str, call: tuple[str, tuple[int, ...], int]
) -> None:
    name, arguments, wanted = call
    assert decided(machine, TABLES[machine][name], arguments) == wanted


def test_an_unknown_processor_has_no_filter() -> None:
    with pytest.raises(seccomp.UnknownMachine, match="riscv64"):
        seccomp.program(machine="riscv64")


def test_jumps_stay_within_the_program() -> None:
    for machine in TABLES:
        code = list(struct.iter_unpack("=HBBI", seccomp.program(machine=machine)))
        assert len(code) < 4096  # the kernel's limit
        for at, (operation, yes, no, _) in enumerate(code):
            if operation in (0x15, 0x35, 0x45):
                assert at + 1 + max(yes, no) < len(code)


def test_the_numbers_are_those_of_this_machines_headers() -> None:
    machine = platform.machine()
    numbers = _numbers_of_the_headers()
    known = {name: number for name, number in TABLES[machine].items() if name in numbers}
    assert known == {name: numbers[name] for name in known}
    assert len(known) > 60


def _numbers_of_the_headers() -> dict[str, int]:
    """By the C library's headers, which every machine with a compiler has."""
    for place in ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h",
                  "/usr/include/asm-generic/unistd.h"):  # fmt: skip
        if Path(place).exists():
            text = Path(place).read_text(encoding="ascii")
            return {name: int(number) for name, number in re.findall(r"__NR_(\w+) (\d+)", text)}
    raise AssertionError("a C compiler's headers are needed")
