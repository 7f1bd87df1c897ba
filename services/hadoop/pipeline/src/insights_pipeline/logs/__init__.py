"""Tracking log files: which there are, what of them is new, and reading that once."""
