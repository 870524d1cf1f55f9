"""The calls to Linux that Python's standard library lacks, by ctypes."""

from __future__ import annotations

import ctypes
import os
import struct
from functools import cache

PR_SET_PDEATHSIG = 1
PR_SET_SECCOMP = 22
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
SECCOMP_MODE_FILTER = 2
SCOPE_SIGNAL = 1 << 1

_LANDLOCK_CREATE_RULESET = 444  # these three numbers are the same on every architecture
_LANDLOCK_ADD_RULE = 445
_LANDLOCK_RESTRICT_SELF = 446
_LANDLOCK_CREATE_RULESET_VERSION = 1
_LANDLOCK_RULE_PATH_BENEATH = 1


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def prctl(option: int, value: int = 0) -> None:
    """`prctl(2)` with one number."""
    longs = [ctypes.c_ulong(each) for each in (value, 0, 0, 0)]
    _checked(_libc().prctl(option, *longs), f"prctl {option}")


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def install_filter(program: bytes) -> None:
    """Put a seccomp program on this thread, for good; needs no_new_privs."""
    packed = _Program(len(program) // 8, program)
    result = _libc().prctl(
        PR_SET_SECCOMP, ctypes.c_ulong(SECCOMP_MODE_FILTER), ctypes.byref(packed), 0, 0
    )
    _checked(result, "seccomp")


def landlock_abi() -> int:
    """The version of Landlock in this kernel; 0: none."""
    result = _libc().syscall(
        _LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), _LANDLOCK_CREATE_RULESET_VERSION
    )
    return max(0, int(result))


def scope_signals() -> None:
    """Let this process, and all that it starts, signal one another only (Landlock, ABI 6)."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    ruleset = landlock_create(struct.pack("=QQQ", 0, 0, SCOPE_SIGNAL))
    landlock_restrict(ruleset)
    os.close(ruleset)


def landlock_create(attributes: bytes) -> int:
    """The descriptor of a new rule set."""
    size = ctypes.c_size_t(len(attributes))
    result = _libc().syscall(_LANDLOCK_CREATE_RULESET, attributes, size, 0)
    return _checked(result, "landlock_create_ruleset")


def landlock_allow(ruleset: int, attributes: bytes) -> None:
    """Allow the accesses packed in `attributes` below the folder packed there."""
    result = _libc().syscall(
        _LANDLOCK_ADD_RULE, ruleset, _LANDLOCK_RULE_PATH_BENEATH, attributes, 0
    )
    _checked(result, "landlock_add_rule")


def landlock_restrict(ruleset: int) -> None:
    """Put the rule set on this thread, for good."""
    _checked(_libc().syscall(_LANDLOCK_RESTRICT_SELF, ruleset, 0), "landlock_restrict_self")
