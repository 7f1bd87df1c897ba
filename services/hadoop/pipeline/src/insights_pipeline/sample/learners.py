"""The simulated site's learners: who they are, where they live, what they enroll in."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING

from insights_pipeline.sample.randomness import exponential, pick, stream, weighted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from insights_pipeline.sample.events import Submission
    from insights_pipeline.sample.options import SampleOptions
    from insights_pipeline.sample.randomness import Uniform
    from insights_pipeline.sample.site import Block, Course, Problem

FIRST_LEARNER_ID = 11
PASS = 0.5
"""The share of a course's points with which a learner passes."""


@dataclass(frozen=True)
class Country:
    """A country; all addresses of its learners lie in two networks of its own.

    Nobody else has them: one is private, the other is meant for examples.
    """

    code: str
    language: str
    weight: float
    network: int

    @property
    def networks(self) -> tuple[str, str]:
        """Its networks, of IPv4 and IPv6."""
        return f"10.{self.network}.0.0/16", f"2001:db8:{self.network:x}::/48"

    def address(self, number: int) -> str:
        """An IPv4 address in the country."""
        number %= 254 * 254
        return f"10.{self.network}.{1 + number // 254}.{1 + number % 254}"

    def address_6(self, number: int) -> str:
        """An IPv6 address in the country."""
        return f"2001:db8:{self.network:x}:1::{1 + number:x}"


COUNTRIES = tuple(
    Country(code, language, weight, network)
    for network, (code, language, weight) in enumerate(
        (
            ("US", "en-US,en;q=0.9", 0.27),
            ("IN", "en-IN,en;q=0.9,hi;q=0.8", 0.19),
            ("BR", "pt-BR,pt;q=0.9,en;q=0.8", 0.10),
            ("GB", "en-GB,en;q=0.9", 0.08),
            ("DE", "de-DE,de;q=0.9,en;q=0.8", 0.07),
            ("FR", "fr-FR,fr;q=0.9,en;q=0.8", 0.06),
            ("MX", "es-MX,es;q=0.9,en;q=0.8", 0.06),
            ("NG", "en-NG,en;q=0.9", 0.06),
            ("CN", "zh-CN,zh;q=0.9,en;q=0.8", 0.05),
            ("EG", "ar-EG,ar;q=0.9,en;q=0.8", 0.04),
            ("JP", "ja,en-US;q=0.9,en;q=0.8", 0.02),
        ),
        start=1,
    )
)
_COUNTRY_WEIGHTS = tuple(accumulate(country.weight for country in COUNTRIES))

_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
BROWSERS = (
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} Chrome/131.0.0.0 Safari/537.36",
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_WEBKIT} Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.1 Safari/605.1.15",
    f"Mozilla/5.0 (Linux; Android 10; K) {_WEBKIT} Chrome/131.0.0.0 Mobile Safari/537.36",
)
_NAMES = (
    "Ada",
    "Bruno",
    "Chidi",
    "Dilnoza",
    "Élodie",
    "Fatima",
    "Gäetan",
    "Hye-jin",
    "Inés",
    "Jun",
)
_FAMILY_NAMES = (
    "Abiola",
    "Braun",
    "Costa",
    "Dubois",
    "García",
    "Müller",
    "Okafor",
    "Patel",
    "Wáng",
)
_EDUCATION = ("p", "m", "m", "b", "b", "b", "a", "hs", "hs", "jhs", "el", "none", "other")


@dataclass(slots=True)
class Module:
    """What the LMS keeps of a learner and a block: times as in its tables; grades of problems."""

    kind: str
    created: str
    modified: str
    grade: int | None = None
    max_grade: int | None = None


@dataclass(slots=True)
class Enrollment:
    """A learner in a course: the state that the LMS keeps, and how far the learner has come.

    Attributes:
        modules: by the block's usage key.
        passed: when half of all points were reached first.
        regraded: when an answer counted last.
    """

    course: Course
    mode: str
    created: str
    is_active: bool = True
    next_unit: int = 0
    answers: dict[str, list[Submission]] = field(default_factory=dict)
    modules: dict[str, Module] = field(default_factory=dict)
    passed: str | None = None
    regraded: str | None = None

    @property
    def share(self) -> float:
        """The share of all points of the course that the learner has."""
        graded = self.course.graded
        points = sum(self.modules[key].grade or 0 for key in graded if key in self.modules)
        return points / max(1, sum(graded.values()))

    def open(self, block: Block, now: str) -> None:
        """The learner sees a block, at a time as in the LMS's tables."""
        self.modules.setdefault(block.usage_key, Module(block.kind, now, now))

    def answer(self, problem: Problem, answer: Submission, now: str) -> None:
        """The learner answers, which counts even where an earlier answer was better."""
        self.answers.setdefault(problem.usage_key, []).append(answer)
        self.open(problem, now)
        module = self.modules[problem.usage_key]
        module.grade, module.max_grade, module.modified = answer.grade, answer.max_grade, now
        if problem.usage_key in self.course.graded:
            self.regraded = now
            if self.passed is None and self.share >= PASS:
                self.passed = now


@dataclass(slots=True)
class Learner:
    """A registered learner.

    Attributes:
        skill: added to the chance of a right answer.
        pace: mean days from one visit to the next.
        first_day, last_day: days (counted from the sample's start) between which visits fall.
        speed: at which videos are watched.
        joined, last_login: times in the LMS's tables, once known.
    """

    id: int
    username: str
    name: str
    country: Country
    agent: str
    mobile: bool
    skill: float
    pace: float
    speed: float
    first_course: Course
    first_day: int
    last_day: int
    gender: str | None
    year_of_birth: int | None
    level_of_education: str | None
    joined: str = ""
    last_login: str | None = None
    enrollments: list[Enrollment] = field(default_factory=list)


def build_learners(options: SampleOptions, courses: Sequence[Course]) -> Iterator[Learner]:
    """The learners of the sample's site, by ascending id."""
    rnd = stream(options.seed, "learners").random
    popularity = tuple(accumulate(1 / (rank + 1) for rank in range(len(courses))))
    for number in range(options.learners):
        name = f"{pick(rnd, _NAMES)} {pick(rnd, _FAMILY_NAMES)}"
        course = courses[weighted(rnd, popularity)]
        first_day = _first_day(rnd, course.launch, options.days)
        yield Learner(
            id=FIRST_LEARNER_ID + number,
            username=f"learner_{number + 1:05d}",
            name=name,
            country=COUNTRIES[weighted(rnd, _COUNTRY_WEIGHTS)],
            agent=pick(rnd, BROWSERS),
            mobile=rnd() < 0.15,
            skill=0.5 * rnd() - 0.25,
            pace=5 + 6 * rnd(),
            speed=pick(rnd, (1.0, 1.0, 1.25, 1.5)),
            first_course=course,
            first_day=first_day,
            last_day=_last_day(rnd, first_day, options.days),
            gender=pick(rnd, ("f", "m", "m", "f", "o", "", None)),
            year_of_birth=None if rnd() < 0.2 else 2009 - int(55 * rnd() ** 1.5),
            level_of_education=pick(rnd, _EDUCATION) if rnd() < 0.8 else pick(rnd, ("", None)),
        )


def _first_day(rnd: Uniform, launch: float, days: int) -> int:
    """Some enroll before the course opens, most in the wave after, the others at any time."""
    kind, opening = rnd(), launch * days
    if kind < 0.15:
        return int(rnd() * opening)
    day = opening + exponential(rnd, days / 15) if kind < 0.7 else days
    return int(day if day < days else opening + rnd() * (days - opening))


def _last_day(rnd: Uniform, first_day: int, days: int) -> int:
    """A third never come back after their first visit, a quarter stay to the end."""
    kind = rnd()
    if kind < 0.33:
        return first_day
    return days - 1 if kind < 0.58 else first_day + int(rnd() * (days - first_day))
