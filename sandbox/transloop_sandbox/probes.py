"""The canary: runs inside the sandbox, tries to get out, and tells what happened.

It is copied into a sandbox and started by whatever Python is visible there, so it is one file and
needs the standard library alone. Each probe returns what it got hold of, or raises; one that a
filter kills has got nothing. Its argument is what the host has planted, as JSON.
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

LIBC = ctypes.CDLL(None, use_errno=True)
X86 = platform.machine() == "x86_64"


def syscall(x86: int, generic: int, *arguments: object) -> int:
    """A raw call, by its number here."""
    result = int(LIBC.syscall(x86 if X86 else generic, *arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def read_secret(planted: dict[str, Any]) -> object:
    """A file of the user's."""
    return Path(planted["secret"]).read_text(encoding="utf-8")


def list_home(planted: dict[str, Any]) -> object:
    """The names in a folder of the user's."""
    return list(map(str, Path(planted["secret"]).parent.iterdir()))


def write_outside(planted: dict[str, Any]) -> object:
    """A file that the user's programs may all write to."""
    with Path(planted["victim"]).open("a", encoding="utf-8") as file:
        return file.write("written by the canary")


def read_environment(planted: dict[str, Any]) -> object:
    """The environment of whoever started this."""
    found = json.dumps(dict(os.environ)).encode()
    for pid in ("self", "1", str(os.getppid()), str(planted["host"])):
        try:
            found += Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            continue
    return planted["marker"].encode() in found


def read_command_lines(planted: dict[str, Any]) -> object:
    """Other people's arguments."""
    return Path(f"/proc/{planted['host']}/cmdline").read_bytes()


def open_descriptors(planted: dict[str, Any]) -> object:
    """Files that were left open for us."""
    return [each for each in range(3, 64) if _is_open(each)]


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def connect_tcp(planted: dict[str, Any]) -> object:
    """A server on this machine, which the host listens on."""
    return bool(socket.create_connection(("127.0.0.1", planted["port"]), timeout=1))


def send_udp(planted: dict[str, Any]) -> object:
    """The same, without a connection."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        return sender.sendto(b"canary", ("127.0.0.1", planted["udp"]))


def connect_unix(planted: dict[str, Any]) -> object:
    """A socket in the file system, such as Docker's."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(planted["socket"])
        return True


def connect_vsock(planted: dict[str, Any]) -> object:
    """The host of this virtual machine: no namespace keeps from it."""
    return bool(socket.socket(40, socket.SOCK_STREAM))


def write_toolchain(planted: dict[str, Any]) -> object:
    """A compiler, so that the next program is compiled by ours."""
    with Path(planted["tool"]).open("a", encoding="utf-8") as file:
        return file.write("written by the canary")


def chmod_toolchain(planted: dict[str, Any]) -> object:
    """Its permissions."""
    Path(planted["tool"]).chmod(0o755)
    return True


def write_work(planted: dict[str, Any]) -> object:
    """The folder that this was started in."""
    return Path("written").write_text("by the canary", encoding="utf-8")


def write_anywhere(planted: dict[str, Any]) -> object:
    """Any of the folders that everyone may usually write to."""
    got = []
    for folder in ("/tmp", "/var/tmp", "/dev/shm", "/run", "/", "/dev"):  # noqa: S108  # to be refused
        path = Path(folder, f"canary-{os.getpid()}")
        try:
            path.write_text("canary", encoding="utf-8")
        except OSError:
            continue
        path.unlink()
        got.append(folder)
    return got


def core_pattern(planted: dict[str, Any]) -> object:
    """The program that the kernel starts as root when another crashes."""
    os.close(os.open("/proc/sys/kernel/core_pattern", os.O_WRONLY))
    return True


def memory_of_init(planted: dict[str, Any]) -> object:
    """The memory of the first process we can see."""
    os.close(os.open("/proc/1/mem", os.O_RDWR))
    return True


def trace(planted: dict[str, Any]) -> object:
    """Take hold of another process."""
    seize = 0x4206  # attaching would stop it, too
    return syscall(101, 117, seize, os.getppid(), 0, 0) == 0


def signal_host(planted: dict[str, Any]) -> object:
    """A process outside, which the host watches."""
    os.kill(planted["decoy"], signal.SIGTERM)
    return "sent"


def limits_of_host(planted: dict[str, Any]) -> object:
    """The limits of a process outside."""
    import resource

    return resource.prlimit(planted["decoy"], resource.RLIMIT_NOFILE)


def fork_much(planted: dict[str, Any]) -> object:
    """More processes than are allowed."""
    allowed = planted["processes"] + planted["more"]
    children: list[int] = []
    try:
        while len(children) < allowed:
            child = os.fork()
            if child == 0:
                signal.pause()
            children.append(child)
    except OSError:
        return False
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    return f"{len(children)} processes"


def new_namespace(planted: dict[str, Any]) -> object:
    """A namespace in which we would be root."""
    return syscall(272, 97, 0x10000000) == 0


def mount(planted: dict[str, Any]) -> object:
    """Something over something: over our own folder, so that it does no harm where it works."""
    folder = str(Path.cwd()).encode()
    done = syscall(165, 40, b"none", folder, b"tmpfs", 0, None) == 0
    if done:
        syscall(166, 39, folder, 2)
    return done


def hidden_memory(planted: dict[str, Any]) -> object:
    """Memory that no process's size shows."""
    return syscall(319, 279, b"canary", 0)


def shared_segment(planted: dict[str, Any]) -> object:
    """The same, as our grandparents did it."""
    return syscall(29, 194, 0, 4096, 0o1600)


def ring(planted: dict[str, Any]) -> object:
    """io_uring: opens sockets behind the filter's back."""
    return syscall(425, 425, 1, ctypes.create_string_buffer(120))


def kernel_log(planted: dict[str, Any]) -> object:
    """What the kernel has told about the machine."""
    return syscall(103, 116, 3, ctypes.create_string_buffer(64), 64)


def terminal(planted: dict[str, Any]) -> object:
    """The user's terminal, to type on it."""
    os.close(os.open("/dev/tty", os.O_RDWR))
    return True


def privileges(planted: dict[str, Any]) -> object:
    """Capabilities, or the right to gain them by starting a setuid program."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    wanted = {"CapEff": 0, "CapPrm": 0, "CapInh": 0, "NoNewPrivs": 1, "Seccomp": 2}
    return [name for name, value in wanted.items() if int(facts[name], 16) != value]


IN_A_CHILD: tuple[Callable[[dict[str, Any]], object], ...] = (
    read_secret, list_home, write_outside, read_environment, read_command_lines,
    connect_tcp, send_udp, connect_unix, connect_vsock, write_toolchain, chmod_toolchain,
    write_work, write_anywhere, core_pattern, memory_of_init, trace, signal_host, limits_of_host,
    fork_much, new_namespace, mount, hidden_memory, shared_segment, ring, kernel_log, terminal,
)  # fmt: skip
AS_WE_ARE = (open_descriptors, privileges)
ALL = (*AS_WE_ARE, *IN_A_CHILD)


def tried(probe: Callable[[dict[str, Any]], object], planted: dict[str, Any]) -> str:
    """Empty if the probe got nothing, else what it got."""
    try:
        got = probe(planted)
    except OSError:
        return ""
    return str(got)[:200] if got else ""


def in_a_child(probe: Callable[[dict[str, Any]], object], planted: dict[str, Any]) -> str:
    """The same, for probes that a filter may kill."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os.write(writing, tried(probe, planted).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        got = pipe.read().decode()
    os.waitpid(child, 0)
    return got


def main() -> None:
    """Print what each probe got, as JSON."""
    planted = json.loads(sys.argv[1])
    got = {probe.__name__: tried(probe, planted) for probe in AS_WE_ARE}
    got |= {probe.__name__: in_a_child(probe, planted) for probe in IN_A_CHILD}
    sys.stdout.write(json.dumps(got))


if __name__ == "__main__":
    main()
