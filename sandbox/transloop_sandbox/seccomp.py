"""The system-call filter of every program: a deny-list, assembled to BPF without libseccomp.

Allowed is what is not named, so that compilers and runtimes of next year still work; named is what
reaches out of the sandbox, what escapes counting, and what has let people out of sandboxes before.
`KILLED` ends the program (a sandbox violation); the others fail with an error that runtimes know
how to take.
"""

from __future__ import annotations

import errno
import platform
import struct
from collections.abc import Iterable

from transloop_sandbox.syscalls import AARCH64, AUDIT_ARCH, X32_BIT, X86_64

KILLED = (
    # other processes
    "ptrace process_vm_readv process_vm_writev process_madvise process_mrelease kcmp pidfd_getfd "
    # mounts and namespaces
    "mount umount2 pivot_root chroot fsopen fsconfig fsmount fspick move_mount open_tree "
    "open_tree_attr mount_setattr unshare setns "
    # the kernel itself
    "bpf perf_event_open userfaultfd add_key request_key keyctl init_module finit_module "
    "delete_module kexec_load kexec_file_load reboot swapon swapoff acct quotactl quotactl_fd "
    "settimeofday clock_settime sethostname setdomainname vhangup iopl ioperm nfsservctl "
    # around the view of files, or out of the memory that is counted
    "open_by_handle_at memfd_secret move_pages migrate_pages "
    # the network
    "connect bind listen"
)

REFUSED = {
    "ENOSYS": "clone3 io_uring_setup io_uring_enter io_uring_register fanotify_init modify_ldt "
    "lookup_dcookie name_to_handle_at",
    # memory that nobody's resident size shows; the log of the kernel; the clock; what others do to
    # files, which Landlock does not hide
    "EPERM": "memfd_create shmget msgget semget mq_open syslog adjtimex clock_adjtime "
    "inotify_add_watch",
}

METADATA = (
    "chmod fchmod fchmodat fchmodat2 chown lchown fchown fchownat utime utimes futimesat utimensat "
    "setxattr lsetxattr fsetxattr setxattrat removexattr lremovexattr fremovexattr removexattrat "
    "file_setattr truncate"
)
"""What Landlock does not restrict; at its level the run may do none of it."""

_NEW_NAMESPACES = 0x7E020080  # CLONE_NEW{TIME,NS,CGROUP,UTS,IPC,USER,PID,NET}
_AF_INET, _AF_INET6, _AF_VSOCK, _AF_PACKET = 2, 10, 40, 17
_SOCK_STREAM, _SOCK_SEQPACKET = 1, 5
_IPPROTO_TCP = 6
_MSG_FASTOPEN = 0x20000000
_F_SETLEASE = 1024
_IOCTLS = (0x5412, 0x541C, 0x40086602, 0x401C5820)  # TIOCSTI TIOCLINUX FS_IOC_{SETFLAGS,FSSETXATTR}
_SIOC = 0x8900
"""The last byte is the question: addresses of this machine, and who gets a socket's signals."""

_ALLOW = 0x7FFF0000
_KILL = 0x80000000
_LOAD, _AND = 0x20, 0x54  # BPF_LD|W|ABS, BPF_ALU|AND|K
_EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x15, 0x35, 0x45, 0x06

Instruction = tuple[int, int, int, int]
"""code, jump if true, jump if false, k"""


class UnknownMachine(Exception):
    """There is no table of system calls for this processor, so no filter."""


def program(*, deny_metadata: bool = False, machine: str = "") -> bytes:
    """The filter as the kernel and bubblewrap take it."""
    machine = machine or platform.machine()
    table = {"x86_64": X86_64, "aarch64": AARCH64}.get(machine)
    if table is None:
        raise UnknownMachine(f"no table of system calls for {machine}")
    code = _architecture(machine)
    for name in KILLED.split():
        code += _always(table, name, _KILL)
    refused = {**REFUSED, "EPERM": REFUSED["EPERM"] + (f" {METADATA}" if deny_metadata else "")}
    for error, names in refused.items():
        for name in names.split():
            code += _always(table, name, _error(error))
    code += _by_argument(table)
    code.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("=HBBI", *each) for each in code)


def _architecture(machine: str) -> list[Instruction]:
    """A foreign architecture's numbers mean other calls: they are killed, and so is x32."""
    code = [
        (_LOAD, 0, 0, 4),
        (_EQUAL, 1, 0, AUDIT_ARCH[machine]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, 0),
    ]
    if machine == "x86_64":
        code += [(_AT_LEAST, 0, 1, X32_BIT), (_RETURN, 0, 0, _KILL)]
    return code


def _error(name: str) -> int:
    return 0x00050000 | int(getattr(errno, name))


def _always(table: dict[str, int], name: str, action: int) -> list[Instruction]:
    if name not in table:  # such as chmod on aarch64, which has only fchmodat
        return []
    return [(_EQUAL, 0, 1, table[name]), (_RETURN, 0, 0, action)]


def _by_argument(table: dict[str, int]) -> list[Instruction]:
    """The calls that are refused for some arguments only."""
    eperm, eacces = _error("EPERM"), _error("EACCES")
    socket = [
        *_if_argument(0, (_AF_VSOCK, _AF_PACKET), _KILL),
        *_unless_argument(0, (_AF_INET, _AF_INET6), eacces),
        *_unless_argument(1, (_SOCK_STREAM,), eacces, mask=0xF),
        *_unless_argument(2, (0, _IPPROTO_TCP), eacces),  # SCTP connects by sending
    ]
    rules = {
        "socket": socket,
        # a pair of datagram sockets can also send to others, by an address that lies in memory
        "socketpair": _unless_argument(1, (_SOCK_STREAM, _SOCK_SEQPACKET), eacces, mask=0xF),
        "sendto": _if_pointer(4, _KILL),
        "sendmsg": _if_bits(2, _MSG_FASTOPEN, _KILL),
        "sendmmsg": _if_bits(3, _MSG_FASTOPEN, _KILL),
        "clone": _if_bits(0, _NEW_NAMESPACES, eperm),
        "ioctl": [*_if_argument(1, _IOCTLS, eperm), *_if_argument(1, (_SIOC,), eperm, mask=~0xFF)],
        "fcntl": _if_argument(1, (_F_SETLEASE,), eperm),
        # on oneself only: at a level without a pid namespace the numbers of others are in reach
        "prlimit64": _unless_argument(0, (0,), eperm),
        "setpriority": _unless_argument(0, (0,), eperm) + _unless_argument(1, (0,), eperm),
        "ioprio_set": _unless_argument(0, (1,), eperm) + _unless_argument(1, (0,), eperm),
        "sched_setaffinity": _unless_argument(0, (0,), eperm),
        "sched_setscheduler": _unless_argument(0, (0,), eperm),
        "sched_setparam": _unless_argument(0, (0,), eperm),
        "sched_setattr": _unless_argument(0, (0,), eperm),
    }
    code: list[Instruction] = []
    for name, block in rules.items():
        code += [(_EQUAL, 0, len(block) + 1, table[name]), *block, (_RETURN, 0, 0, _ALLOW)]
    return code


def _low(argument: int) -> Instruction:
    """The low half of an argument; the kernel reads no more of an int."""
    return (_LOAD, 0, 0, 16 + 8 * argument)


def _if_argument(
    argument: int, values: Iterable[int], action: int, mask: int = 0xFFFFFFFF
) -> list[Instruction]:
    code = [_low(argument), (_AND, 0, 0, mask & 0xFFFFFFFF)]
    for value in values:
        code += [(_EQUAL, 0, 1, value), (_RETURN, 0, 0, action)]
    return code


def _unless_argument(
    argument: int, values: tuple[int, ...], action: int, mask: int = 0xFFFFFFFF
) -> list[Instruction]:
    tests = [(_EQUAL, len(values) - i, 0, value) for i, value in enumerate(values)]
    return [_low(argument), (_AND, 0, 0, mask), *tests, (_RETURN, 0, 0, action)]


def _if_bits(argument: int, bits: int, action: int) -> list[Instruction]:
    return [_low(argument), (_ANY_BIT, 0, 1, bits), (_RETURN, 0, 0, action)]


def _if_pointer(argument: int, action: int) -> list[Instruction]:
    """If either half of an address is set."""
    high = (_LOAD, 0, 0, 20 + 8 * argument)
    return [
        _low(argument), (_EQUAL, 0, 2, 0), high, (_EQUAL, 1, 0, 0), (_RETURN, 0, 0, action)
    ]  # fmt: skip
