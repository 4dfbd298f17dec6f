"""Metrics of two versions: compared, and put in the order that somebody asks for."""
