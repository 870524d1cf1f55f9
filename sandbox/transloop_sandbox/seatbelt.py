"""The level `seatbelt`, for macOS: the profile for `sandbox-exec`.

Only the text of the profile is here, and tested. It could not be run where it was written, and the
supervisor needs Linux's pidfds: so nothing grants this level yet, and no program is run on macOS.
What it will keep from is files and the network; not memory, and not the sight of other processes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from transloop_sandbox.command import Command

READABLE = ("/usr", "/bin", "/sbin", "/System", "/Library/Developer", "/private/var/db/dyld")
"""The system, its libraries and Apple's compilers."""
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom", "/dev/dtracehelper")
SYSCTLS = ("hw.*", "kern.osrelease", "kern.ostype", "kern.osversion", "kern.version", "vm.loadavg")


def profile(command: Command, places: Mapping[str, str]) -> str:
    """What is allowed, in Seatbelt's language; everything else is denied.

    `places` are the folders of the binds, `work` and `tmp`, without links in their paths.
    """
    writable = [places["work"]] if command.work_writable else []
    if command.limits.scratch_mb:
        writable.append(places["tmp"])
    readable = [*READABLE, *(path for name, path in places.items() if name != "tmp"), *writable]
    return "\n".join(
        (
            "(version 1)",
            "(deny default)",
            "(allow process-fork process-exec)",
            "(allow signal (target same-sandbox))",
            "(allow file-read-metadata)",
            f"(allow file-read* {_below(readable)} {_exactly(DEVICES)})",
            f"(allow file-write* {' '.join((_exactly(DEVICES[:1]), _below(writable))).strip()})",
            f"(allow sysctl-read {' '.join(_sysctls())})",
        )
    )


def _below(paths: Iterable[str]) -> str:
    return " ".join(f"(subpath {_quoted(path)})" for path in paths)


def _exactly(paths: Iterable[str]) -> str:
    return " ".join(f"(literal {_quoted(path)})" for path in paths)


def _sysctls() -> Iterator[str]:
    for name in SYSCTLS:
        kind = "sysctl-name-prefix" if name.endswith("*") else "sysctl-name"
        yield f"({kind} {_quoted(name.rstrip('*'))})"


def _quoted(text: str) -> str:
    """A path in quotes, which must not end its own quotes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
