"""The simulated site's courses: sections, subsections, units, videos and problems."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from insights_pipeline.sample.randomness import hexdigits, pick, stream

if TYPE_CHECKING:
    from random import Random

    from insights_pipeline.sample.options import SampleOptions
    from insights_pipeline.sample.randomness import Uniform

HOST = "lms.example.org"
SITE = f"https://{HOST}"
SECTIONS = 5

_SUBJECTS = (
    ("ExampleX", "CS101", "Introduction to Programming"),
    ("SampleU", "Bio110", "The Living Cell"),
    ("ExampleX", "Stat201", "Statistics in Practice"),
    ("ExampleX", "Proj300", "Project Management for Professionals"),
    ("SampleU", "Hist120", "Cities through the Ages"),
    ("ExampleX", "Mus140", "How Music Works"),
)
# The first mode is the one that learners enroll in, the others are upgrades.
_MODES = (
    ("audit", "verified"),
    ("honor", "verified"),
    ("audit", "verified", "credit"),
    ("professional",),
)
# When a course opens, as a share of the sample's days.
_LAUNCHES = (0.02, 0.12, 0.3, 0.5)


@dataclass(frozen=True)
class Choice:
    """An answer that learners give: its form value, what they see, and whether it is right.

    A checkbox group has several values and texts at once. Texts are markup, as authors write it.
    """

    value: str | list[str]
    text: str | list[str]
    correct: bool


@dataclass(frozen=True)
class Part:
    """One question of a problem; the first of its choices is the right one."""

    input_type: str
    response_type: str
    question: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, eq=False)
class Block:
    """Anything in a course that has a key of its own; `kind` is what the LMS calls its type."""

    kind: str
    block_id: str
    usage_key: str
    html_id: str
    display_name: str

    @property
    def children(self) -> tuple[Block, ...]:
        """The blocks right below this one, in order."""
        return ()


@dataclass(frozen=True, eq=False)
class Video(Block):
    """A video; `hot_spot` (seconds) is the place that many learners watch again."""

    code: str
    duration: int
    reports_duration: bool
    hot_spot: float


@dataclass(frozen=True, eq=False)
class Problem(Block):
    """A problem.

    Attributes:
        difficulty: share of first answers that are wrong.
        variants: in how many ways its numbers are drawn; 1: it is the same for everybody.
        tells_submission: whether its events say what was asked and seen, as the LMS has done
            since 2013; before, they told form values alone.
        tags: what its author says that it is about, by the tag's name.
    """

    parts: tuple[Part, ...]
    difficulty: float
    variants: int
    tells_submission: bool
    tags: dict[str, str | list[str]]


@dataclass(frozen=True, eq=False)
class Unit(Block):
    """A tab of a subsection, `position` counted from 1."""

    position: int
    content: Video | Problem | Block

    @property
    def children(self) -> tuple[Block, ...]:
        return (self.content,)


@dataclass(frozen=True, eq=False)
class Subsection(Block):
    """A sequence of units; graded ones have an assignment type."""

    page: str
    assignment_type: str | None
    units: tuple[Unit, ...]

    @property
    def children(self) -> tuple[Block, ...]:
        return self.units


@dataclass(frozen=True, eq=False)
class Section(Block):
    """A week of a course."""

    subsections: tuple[Subsection, ...]

    @property
    def children(self) -> tuple[Block, ...]:
        return self.subsections


@dataclass(frozen=True, eq=False)
class Course(Block):
    """A course run; `launch` is the share of the sample's days that lie before its opening."""

    key: str
    org: str
    number: str
    run: str
    modes: tuple[str, ...]
    launch: float
    sections: tuple[Section, ...]

    @property
    def children(self) -> tuple[Block, ...]:
        return self.sections

    @cached_property
    def path(self) -> tuple[tuple[Subsection, Unit], ...]:
        """Every unit with its subsection, in the order in which learners meet them."""
        return tuple(
            (subsection, unit)
            for section in self.sections
            for subsection in section.subsections
            for unit in subsection.units
        )

    @cached_property
    def graded(self) -> dict[str, int]:
        """The points that can be had in each problem that counts, by its usage key."""
        return {
            unit.content.usage_key: len(unit.content.parts)
            for subsection, unit in self.path
            if subsection.assignment_type and isinstance(unit.content, Problem)
        }


def build_courses(options: SampleOptions) -> tuple[Course, ...]:
    """The courses of the sample's site."""
    return tuple(_course(options, index) for index in range(options.courses))


@dataclass(frozen=True)
class _Keys:
    """Builds the keys of a course's blocks, in the style of the course's own key."""

    course: str
    org: str
    number: str
    run: str

    @property
    def old_style(self) -> bool:
        return "/" in self.course

    def block(self, kind: str, block_id: str, display_name: str) -> tuple[str, str, str, str, str]:
        """The fields that every block begins with."""
        if self.old_style:
            usage_key = f"i4x://{self.org}/{self.number}/{kind}/{block_id}"
            html_id = f"i4x-{self.org}-{self.number}-{kind}-{block_id}"
        else:
            usage_key = f"block-v1:{self.org}+{self.number}+{self.run}+type@{kind}+block@{block_id}"
            html_id = block_id
        return kind, block_id, usage_key, html_id, display_name


def _course(options: SampleOptions, index: int) -> Course:
    random = stream(options.seed, f"course {index}")
    org, number, title = _SUBJECTS[index % len(_SUBJECTS)]
    if edition := index // len(_SUBJECTS):
        number, title = f"{number}.{edition + 1}", f"{title}, Part {edition + 1}"
    run = f"{options.start.year}_T{(options.start.month - 1) // 4 + 1}"
    old_style = index % len(_MODES) == 1
    key = f"{org}/{number}/{run}" if old_style else f"course-v1:{org}+{number}+{run}"
    keys = _Keys(key, org, number, run)
    return Course(
        *keys.block("course", run if old_style else "course", title),
        key=key,
        org=org,
        number=number,
        run=run,
        modes=_MODES[index % len(_MODES)],
        launch=_LAUNCHES[index % len(_LAUNCHES)],
        sections=tuple(_section(random, keys, week) for week in range(1, SECTIONS + 1)),
    )


def _section(random: Random, keys: _Keys, week: int) -> Section:
    block = hexdigits(random, 32)
    lessons = [
        _subsection(random, keys, block, f"Lesson {week}.{number}", None, "vprv")
        for number in (1, 2)
    ]
    homework = _subsection(random, keys, block, f"Homework {week}", "Homework", "ppp")
    return Section(*keys.block("chapter", block, f"Week {week}"), subsections=(*lessons, homework))


def _subsection(
    random: Random, keys: _Keys, section: str, name: str, assignment_type: str | None, content: str
) -> Subsection:
    """`content` has a letter for each unit: a video, a problem, or something to read."""
    block = hexdigits(random, 32)
    makers = {"v": _video, "p": _problem, "r": _reading}
    return Subsection(
        *keys.block("sequential", block, name),
        page=f"{SITE}/courses/{keys.course}/courseware/{section}/{block}/",
        assignment_type=assignment_type,
        units=tuple(
            Unit(
                *keys.block("vertical", hexdigits(random, 32), f"{name}, Part {position}"),
                position=position,
                content=makers[letter](random, keys, f"{name}.{position}"),
            )
            for position, letter in enumerate(content, start=1)
        ),
    )


def _video(random: Random, keys: _Keys, name: str) -> Video:
    duration = 60 + int(random.random() * 540)
    return Video(
        *keys.block("video", hexdigits(random, 32), f"Video: {name}"),
        code=hexdigits(random, 11),
        duration=duration,
        # The LMS has told the duration only since it has new-style keys.
        reports_duration=not keys.old_style,
        hot_spot=duration * (0.2 + 0.6 * random.random()),
    )


def _problem(random: Random, keys: _Keys, name: str) -> Problem:
    rnd = random.random
    return Problem(
        *keys.block("problem", hexdigits(random, 32), f"Problem: {name}"),
        parts=pick(rnd, _PROBLEMS)(rnd),
        difficulty=0.15 + 0.6 * rnd(),
        variants=pick(rnd, (1, 1, 1, 3)),
        tells_submission=rnd() < (0.5 if keys.old_style else 0.95),
        tags=pick(rnd, _TAGS),
    )


def _reading(random: Random, keys: _Keys, name: str) -> Block:
    return Block(*keys.block("html", hexdigits(random, 32), f"Reading: {name}"))


def _choice_parts(rnd: Uniform) -> tuple[Part, ...]:
    right = int(rnd() * 4)
    order = (right, *(other for other in range(4) if other != right))
    texts = ("a mean", "a <em>median</em>", "a mode", "<text>none of these</text>")
    return (
        Part(
            "choicegroup",
            "multiplechoiceresponse",
            "Which of these is robust against outliers?",
            tuple(Choice(f"choice_{i}", texts[i], i == right) for i in order),
        ),
    )


def _checkbox_parts(_rnd: Uniform) -> tuple[Part, ...]:
    texts = ("adenine", "thymine", "uracil", "leucine")

    def several(*indexes: int, correct: bool = False) -> Choice:
        return Choice([f"choice_{i}" for i in indexes], [texts[i] for i in indexes], correct)

    return (
        Part(
            "checkboxgroup",
            "choiceresponse",
            "Which of these occur in DNA?",
            (several(0, 1, correct=True), several(0), several(0, 1, 2), several(3)),
        ),
    )


def _number_parts(rnd: Uniform) -> tuple[Part, ...]:
    right = 2 + int(rnd() * 97)

    def part(question: str, value: int) -> Part:
        wrong = (value + 1, value * 10, -value)
        choices = (Choice(str(n), str(n), n == value) for n in (value, *wrong))
        return Part("textline", "numericalresponse", question, tuple(choices))

    return part("How many edges has the graph?", right), part("And its complement?", right * 3)


def _option_parts(_rnd: Uniform) -> tuple[Part, ...]:
    return (
        Part(
            "optioninput",
            "optionresponse",
            "The critical path is the … one.",
            (
                Choice("longest", "longest", True),
                Choice("shortest", "shortest", False),
                Choice("cheapest", "cheapest", False),
            ),
        ),
    )


def _text_parts(_rnd: Uniform) -> tuple[Part, ...]:
    essay = (
        "I would first draw a sample that is large enough, then look at its distribution, "
        "and only then decide which test fits: a t-test presumes a normal distribution. "
    ) * 3
    return (
        Part(
            "textline",
            "stringresponse",
            "How would you go about it?",
            tuple(
                Choice(text, text, text == essay)
                for text in (essay, "I don't know", "Größer ist besser", "¿Una muestra más grande?")
            ),
        ),
    )


def _formula_parts(_rnd: Uniform) -> tuple[Part, ...]:
    return (
        Part(
            "formulaequationinput",
            "formularesponse",
            "What is the derivative of x^3?",
            tuple(Choice(text, text, text == "3*x^2") for text in ("3*x^2", "x^2", "3x", "6*x")),
        ),
    )


def _image_parts(_rnd: Uniform) -> tuple[Part, ...]:
    """Where the learner clicked in a picture."""
    return (
        Part(
            "imageinput",
            "imageresponse",
            "Click on the nucleus.",
            tuple(Choice(point, point, point == "[210,93]") for point in ("[210,93]", "[12,340]")),
        ),
    )


def _mixed_parts(rnd: Uniform) -> tuple[Part, ...]:
    """Parts of several kinds, one of which asks nothing."""
    yes_or_no = Part(
        "choicegroup",
        "multiplechoiceresponse",
        "",
        tuple(Choice(f"choice_{i}", text, i == 0) for i, text in enumerate(("Yes", "No"))),
    )
    return (*_checkbox_parts(rnd), yes_or_no, *_option_parts(rnd))


_PROBLEMS = (
    _choice_parts,
    _checkbox_parts,
    _number_parts,
    _option_parts,
    _text_parts,
    _formula_parts,
    _image_parts,
    _mixed_parts,
)
_TAGS: tuple[dict[str, str | list[str]], ...] = (
    {},
    {},
    {"difficulty": "Easy"},
    {"difficulty": "Hard", "learning_outcome": ["Recalls facts", "Applies what was learned"]},
    {"learning_outcome": ["Recalls facts"]},
)
