"""What all tests share."""

from __future__ import annotations

from hypothesis import settings

# A busy machine makes no example wrong.
settings.register_profile("no-deadline", deadline=None)
settings.load_profile("no-deadline")
