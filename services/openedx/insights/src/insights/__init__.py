"""The dashboard for instructors. It has no pages yet: only its place in the tree is settled."""

__version__ = "0.1.0"
