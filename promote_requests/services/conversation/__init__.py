"""The conversation about a request: threads, their remarks, mentions of people and follow-ups.

Anybody who may comment may open a thread, blocking or not. It is resolved, and opened again, by who opened it, by the
owner of a follow-up, by whoever may review the request, and by the request's author only where it does not block: so
the author never lifts what somebody else's question stops.
"""
