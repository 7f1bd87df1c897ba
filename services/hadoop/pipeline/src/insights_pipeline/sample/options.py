"""What a sample is made of: its options, their bounds, and how they relate to its size."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from insights_pipeline.errors import PipelineError

# Measured: plain bytes of log that a learner leaves in the sample, once and for each day it lasts.
_BYTES_PER_LEARNER = 21_000
_BYTES_PER_LEARNER_AND_DAY = 850
_EARLIEST, _LATEST = date(1970, 1, 1), date(9000, 1, 1)


class SampleError(PipelineError):
    """The sample cannot be made; the message is one line for the operator."""


@dataclass(frozen=True)
class SampleOptions:
    """The simulated site.

    Attributes:
        days: UTC days of log, from `start` on.
        learners: registered learners; each appears in the log at least once.
        courses: course runs; the second has an old-style key (org/course/run).
        seed: another seed, another site.
        dirty: share of lines that are dirty, 0 to 1.
        start: the first UTC day.
        compress: gzip the rotated files, as logrotate does.

    Raises:
        SampleError: a value is out of its bounds.
    """

    days: int = 120
    learners: int = 2000
    courses: int = 4
    seed: int = 1
    dirty: float = 0.001
    start: date = date(2026, 1, 5)
    compress: bool = True

    def __post_init__(self) -> None:
        for name in ("days", "learners", "courses"):
            value = getattr(self, name)
            if value < 1:
                raise SampleError(f"{name} must be at least 1, not {value}")
        if not 0 <= self.dirty <= 1:
            raise SampleError(f"dirty is a share of lines from 0 to 1, not {self.dirty}")
        if self.start < _EARLIEST or self.days > (_LATEST - self.start).days:
            raise SampleError(
                f"{self.days} days from {self.start} do not lie between {_EARLIEST} and {_LATEST}"
            )


def options_for_size(megabytes: int, days: int, seed: int = 1) -> SampleOptions:
    """Options for about that many megabytes (10^6 bytes) of plain log.

    Within 20 % from some hundred learners on; few learners differ too much from the mean.

    Raises:
        SampleError: megabytes or days is below 1.
    """
    if megabytes < 1:
        raise SampleError(f"megabytes must be at least 1, not {megabytes}")
    each = _BYTES_PER_LEARNER + _BYTES_PER_LEARNER_AND_DAY * days
    return SampleOptions(days=days, learners=max(1, round(megabytes * 1e6 / each)), seed=seed)
