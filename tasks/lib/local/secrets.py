"""The secrets of a data folder: made once, kept in a file that only its owner reads."""

from __future__ import annotations

import os
import secrets as random
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from tasks.lib.errors import OperatorError

if TYPE_CHECKING:
    from pathlib import Path

FILE = "secrets.env"


@dataclass(frozen=True, repr=False)
class Secrets:
    """What Data API and Insights of one data folder need to trust each other and their cookies."""

    api_secret_key: str
    api_token: str
    insights_secret_key: str

    @classmethod
    def of(cls, data: Path) -> Secrets:
        """The secrets of a data folder; those that are not there yet are made.

        Raises:
            OperatorError: the file cannot be read or written.
        """
        from dotenv import dotenv_values

        path = data / FILE
        try:
            known = dotenv_values(path) if path.exists() else {}
            values = {
                field.name: known.get(field.name.upper()) or random.token_hex(20)
                for field in fields(cls)
            }
            if any(known.get(name.upper()) != value for name, value in values.items()):
                _write(path, values)
        except OSError as error:
            raise OperatorError(
                f"{path}: {error.strerror}: check the owner and mode of it and its folder"
            ) from error
        return cls(**values)


def _write(path: Path, values: dict[str, str]) -> None:
    """Replaces the file in one step; it never exists with another mode or with half of them."""
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.writelines(f"{name.upper()}={value}\n" for name, value in values.items())
        file.flush()
        os.fsync(descriptor)
    new.replace(path)
