"""Insights: pages that answer instructors' questions about their courses, from the Data API."""

__version__ = "0.1.0"
