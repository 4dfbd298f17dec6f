"""The proxy for everything outside /checkpoint/: reads a call once, judges it once, and passes it on or refuses it."""
