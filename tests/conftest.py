"""What all tests share."""

from __future__ import annotations

import signal

from hypothesis import settings

# A busy machine makes no example wrong.
settings.register_profile("no-deadline", deadline=None)
settings.load_profile("no-deadline")

# What is started in the background of a shell ignores Ctrl-C, and so would the programs under test.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
