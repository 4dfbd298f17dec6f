"""Processor time and memory of a server and everything it started, read from /proc."""

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


class Tree:
    """Processes and their descendants, looked up again for each figure."""

    def __init__(self, *pids: int) -> None:
        self._pids = pids

    def cpu_seconds(self) -> float:
        """Returns the processor time used so far, including that of descendants that have ended."""
        # Fields 14 to 17 of proc_pid_stat(5): user and system time, own and of children that were waited for.
        return sum(sum(int(field) for field in _stat(pid)[11:15]) for pid in self._members()) / _TICKS

    def resident_bytes(self) -> int:
        """Returns the memory that the processes use now; a page that two of them share counts twice."""
        return self._status_sum("VmRSS")

    def peak_bytes(self) -> int:
        """Returns the sum of each process's peak memory since `reset_peak`: an upper bound of their joint peak."""
        return self._status_sum("VmHWM")

    def reset_peak(self) -> None:
        """Resets the peak memory of each process (proc_pid_clear_refs(5), value 5)."""
        for pid in self._members():
            (_PROC / str(pid) / "clear_refs").write_text("5")

    def _members(self) -> list[int]:
        children: dict[int, list[int]] = {}
        for entry in _PROC.iterdir():
            if entry.name.isdigit() and (fields := _stat(int(entry.name))):
                children.setdefault(int(fields[1]), []).append(int(entry.name))
        found = list(self._pids)
        for pid in found:  # grows while it is walked
            found += children.get(pid, [])
        return found

    def _status_sum(self, name: str) -> int:
        kilobytes = 0
        for pid in self._members():
            for line in (_PROC / str(pid) / "status").read_text().splitlines():
                if line.startswith(f"{name}:"):
                    kilobytes += int(line.split()[1])
        return kilobytes * 1024


def _stat(pid: int) -> list[str]:
    """Returns the fields of /proc/PID/stat from the third on; [] for a process that has gone."""
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return text.rpartition(")")[2].split()
