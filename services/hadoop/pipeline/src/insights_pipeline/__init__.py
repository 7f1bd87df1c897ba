"""Turns Open edX tracking logs into course analytics: read → events → metrics → publish."""

__version__ = "0.1.0"
