"""Webhooks: addresses that are told of events, signed, again and again until they answer."""
