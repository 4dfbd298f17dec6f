"""Takes from a process whatever it does not need to read its input and answer. Linux; elsewhere the limits alone.

1. Limits that the kernel keeps: memory, processor time, no file of any size, no further process, no core dump, and no
   further file descriptor. A socket is one, an opened file too: with none to be had there is no network and no disk.
2. Where it is permitted, a network of its own with nothing in it (`unshare`).
3. A filter of system calls (seccomp): those that read and write what is open, get memory, and end. Not even root
   raises a limit, opens a socket or starts a program behind it.

The child calls `confine` after its imports and before it reads a byte that somebody else wrote.
"""

import ctypes
import os
import resource
import sys

MEMORY_BYTES = 256 * 1024 * 1024
PROCESSOR_SECONDS = 5
OUT_OF_MEMORY = 3
"""The exit code of a process that wanted more than `MEMORY_BYTES`."""

_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
_ALLOW, _REFUSE_EPERM, _KILL = 0x7FFF0000, 0x00050001, 0x80000000
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_NUMBER_AT, _ARCHITECTURE_AT = 0, 4

# read, write, close, fstat, lseek, mmap, mprotect, munmap, brk, rt_sigaction, rt_sigprocmask, rt_sigreturn, mremap,
# madvise, getpid, exit, sigaltstack, gettid, futex, clock_gettime, exit_group, getrandom, rseq
_CALLS = {
    "x86_64": (
        0xC000003E,
        (0, 1, 3, 5, 8, 9, 10, 11, 12, 13, 14, 15, 25, 28, 39, 60, 131, 186, 202, 228, 231, 318, 334),
    ),
    "aarch64": (
        0xC00000B7,
        (63, 64, 57, 80, 62, 222, 226, 215, 214, 134, 135, 139, 216, 233, 172, 93, 132, 178, 98, 113, 94, 278, 293),
    ),
}
"""{machine: (its number in the kernel's audit.h, the numbers of the calls that remain)}."""


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_ushort), ("yes", ctypes.c_ubyte), ("no", ctypes.c_ubyte), ("k", ctypes.c_uint))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.POINTER(_Instruction)))


def confine() -> tuple[str, ...]:
    """Confines this process for the rest of its life, and returns what holds it.

    Of `limits`, `own network`, `filtered calls`; the first always.

    Raises:
        OSError, ValueError: not even the limits can be set.
    """
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    held = ["limits"]
    if libc is not None and (libc.unshare(_NEW_NETWORK) == 0 or libc.unshare(_NEW_USER | _NEW_NETWORK) == 0):
        held.append("own network")
    for what, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, 0),
    ):
        _limit(what, most, most)
    # The first number ends it with SIGXCPU, which tells why.
    _limit(resource.RLIMIT_CPU, PROCESSOR_SECONDS, PROCESSOR_SECONDS + 1)
    if libc is not None and _filter_calls(libc):
        held.append("filtered calls")
    return tuple(held)


def _limit(what: int, soft: int, hard: int) -> None:
    _, before = resource.getrlimit(what)
    if before != resource.RLIM_INFINITY:
        soft, hard = min(soft, before), min(hard, before)
    resource.setrlimit(what, (soft, hard))


def _filter_calls(libc: ctypes.CDLL) -> bool:
    """Refuses with EPERM every system call that is not in `_CALLS`; tells whether the kernel does."""
    known = _CALLS.get(os.uname().machine)
    if known is None or sys.maxsize < 2**32:
        return False
    architecture, calls = known
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_JUMP_IF_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER_AT),
    ]
    for call in calls:
        steps += [(_JUMP_IF_EQUAL, 0, 1, call), (_RETURN, 0, 0, _ALLOW)]
    steps.append((_RETURN, 0, 0, _REFUSE_EPERM))
    instructions = (_Instruction * len(steps))(*(_Instruction(*step) for step in steps))
    program = _Program(len(steps), instructions)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.prctl(_SECCOMP, _FILTER, ctypes.byref(program), 0, 0) == 0)
