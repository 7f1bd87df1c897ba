from __future__ import annotations

import pytest
from invoke import Exit

from tasks.quality import nox


def test_a_session_that_fails_ends_the_command_with_noxs_exit_code() -> None:
    with pytest.raises(Exit) as ended:
        nox("no-such-session")
    assert ended.value.code == 3
