"""Gates: what a rule asks of the facts themselves, as `metric rmse <= 0.8`. Pure; see `docs/gates.md`."""

from protection.gates.base import Gate, GateResult, Subject
from protection.gates.grammar import parse_gate

__all__ = ["Gate", "GateResult", "Subject", "parse_gate"]
