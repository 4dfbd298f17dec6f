"""What other parts of the process may listen to."""

from django.dispatch import Signal

event_recorded = Signal()
"""Sent after the transaction that wrote an audit row has committed, never when it rolled back.

Arguments: `event` (models.AuditEvent). Receivers run with `send_robust`: theirs to fail, not ours to suffer.
"""
