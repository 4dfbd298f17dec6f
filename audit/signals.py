"""Signals that other rooms may listen to."""

from django.dispatch import Signal

event_recorded = Signal()
"""Sent after the transaction that wrote an audit row has committed, never when it rolled back.

Arguments: `event` (models.AuditEvent). Sent with `send_robust`: a receiver that fails does not fail the sender.
"""
