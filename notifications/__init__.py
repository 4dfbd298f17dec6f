"""Telling people and programs what happened: the outbox, the worker that empties it, and the channels that it fills."""
