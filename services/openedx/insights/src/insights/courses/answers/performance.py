"""How learners do in problems: by assignment, by section, by tag, and by answer."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from django.utils.formats import get_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from insights.charts.chart import Chart, Form
from insights.courses.answers.answer import Answer, Column, Kind, Table
from insights.courses.answers.formats import learners, listed, number, percent, share
from insights.courses.structure import PROBLEM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from insights.courses.answers.answer import Row, Value
    from insights.courses.answers.rows import ApiRow
    from insights.courses.structure import Block, Structure

    Link = Callable[[str], str]
    """Where the id of a problem, an assignment or a section leads."""

MOST_ROWS = 200  # answers that a page shows; those that learners type can be without number
_LONGEST = 1_000  # characters of an answer
_LONGEST_QUESTION = 200  # characters of a heading


@dataclass(frozen=True)
class Problem:
    """A problem, and how it was answered.

    Attributes:
        block: where it is; None where that is not known.
        answered: learners who answered it, counted by their latest answers.
        correct: those whose latest answer is right.
    """

    id: str
    block: Block | None
    answered: int
    correct: int

    @property
    def is_there(self) -> bool:
        """Whether the course leads to it."""
        return self.block is not None and self.block.is_there

    @property
    def is_graded(self) -> bool:
        """Whether it counts towards the grade."""
        return self.block is not None and self.block.is_there and self.block.graded

    @property
    def section(self) -> str:
        """Id of the section that it is in; empty: in none."""
        return self.block.section if self.block else ""

    @property
    def subsection(self) -> str:
        """Id of the subsection that it is in; empty: in none."""
        return self.block.subsection if self.block else ""


def problems(structure: Structure, rows: Iterable[ApiRow]) -> list[Problem]:
    """All problems of the course from top to bottom, then what else was answered."""
    answered = {row["module_id"]: row for row in rows}
    nothing = {"total_submissions": 0, "correct_submissions": 0}
    there = [block.id for block in structure.of_kind(PROBLEM)]
    return [
        Problem(
            module_id,
            structure.blocks.get(module_id),
            answered.get(module_id, nothing)["total_submissions"],
            answered.get(module_id, nothing)["correct_submissions"],
        )
        for module_id in dict.fromkeys((*there, *answered))
    ]


@dataclass(frozen=True)
class _Group:
    """Problems that are shown as one.

    Attributes:
        id: of what they are in; empty where that has none.
        more: what else is to be said of it, as the table's further columns have it.
    """

    id: str
    title: str
    problems: Sequence[Problem]
    more: Row = ()

    @property
    def answered(self) -> int:
        """Answers, one a learner and problem."""
        return sum(problem.answered for problem in self.problems)

    @property
    def correct(self) -> int:
        """Those that are right."""
        return sum(problem.correct for problem in self.problems)


def assignment_types(found: Sequence[Problem]) -> Answer:
    """Graded problems by the type of assignment that they are part of."""
    graded = [problem for problem in found if problem.is_graded]
    types = _by(graded, lambda problem: problem.block.assignment_type if problem.block else "")
    groups = [
        _Group(
            "",
            name or _("Without a type"),
            of_type,
            (len({problem.subsection for problem in of_type}),),
        )
        for name, of_type in types.items()
    ]
    return _scores(
        "assignment-types",
        _("How do learners do in each type of assignment?"),
        Column("type", _("Assignment type"), Kind.TEXT),
        groups,
        more=(Column("assignments", _("Assignments"), Kind.COUNT),),
        nothing=_("The course has no graded problem, as far as its structure is known."),
    )


def assignments(structure: Structure, found: Sequence[Problem], link: Link) -> Answer:
    """Graded problems by assignment: the subsection that they are in."""
    graded = [problem for problem in found if problem.is_graded]
    parts = _by(graded, lambda problem: problem.subsection)
    titles = structure.titles(parts)
    groups = [
        _Group(
            part,
            titles[part] or _("In no subsection"),
            in_part,
            (listed(types_of(in_part)) or None,),
        )
        for part, in_part in parts.items()
    ]
    return _scores(
        "assignments",
        _("How do they do in each assignment?"),
        Column("assignment", _("Assignment"), Kind.TEXT),
        groups,
        more=(Column("type", _("Assignment type"), Kind.TEXT),),
        nothing=_("The course has no graded problem, as far as its structure is known."),
        link=link,
        code=_("Subsection id"),
    )


def types_of(found: Iterable[Problem]) -> list[str]:
    """What graded problems count as."""
    types = (
        problem.block.assignment_type for problem in found if problem.block and problem.is_graded
    )
    return list(dict.fromkeys(filter(None, types)))


def sections(structure: Structure, found: Sequence[Problem], link: Link) -> Answer:
    """Problems by section."""
    return _scores(
        "sections",
        _("How do learners do in each section?"),
        Column("section", _("Section"), Kind.TEXT),
        _parts(structure, found, lambda problem: problem.section, _("In no section")),
        nothing=_("The course has no such problem, as far as its structure is known."),
        link=link,
        code=_("Section id"),
    )


def subsections(structure: Structure, found: Sequence[Problem]) -> Answer:
    """Problems by subsection."""
    return _scores(
        "subsections",
        _("How do learners do in each subsection?"),
        Column("subsection", _("Subsection"), Kind.TEXT),
        _parts(structure, found, lambda problem: problem.subsection, _("In no subsection")),
        nothing=_("It has no such problem."),
        code=_("Subsection id"),
    )


def _parts(
    structure: Structure,
    found: Sequence[Problem],
    part_of: Callable[[Problem], str],
    elsewhere: str,
) -> list[_Group]:
    parts = _by(found, part_of)
    titles = structure.titles(parts)
    return [_Group(part, titles[part] or elsewhere, in_part) for part, in_part in parts.items()]


def problem_list(
    structure: Structure,
    found: Sequence[Problem],
    link: Link,
    key: str = "problems",
    question: str = "",
) -> Answer:
    """Each problem by itself."""
    titles = structure.titles(problem.id for problem in found)
    return _scores(
        key,
        question or _("How do learners do in each problem?"),
        Column("problem", _("Problem"), Kind.TEXT),
        [_Group(problem.id, titles[problem.id], [problem]) for problem in found],
        nothing=_("There is no problem here."),
        link=link,
        code=_("Problem id"),
        counted=False,
    )


def _scores(
    key: str,
    question: str,
    column: Column,
    groups: Sequence[_Group],
    *,
    nothing: str,
    more: Sequence[Column] = (),
    link: Link | None = None,
    code: str = "",
    counted: bool = True,
) -> Answer:
    """Groups of problems, each with its answers and those that are right.

    Args:
        column: what the groups are.
        nothing: the finding where there is no group.
        more: columns of what else is said of each.
        code: title of the column of ids; empty: there is none.
        counted: whether each has a number of problems.
    """
    columns = [column, *more]
    if counted:
        columns.append(Column("problems", _("Problems"), Kind.COUNT))
    columns += [
        Column("answered", _("Answers"), Kind.COUNT, _("answers")),
        Column("correct", _("Correct answers"), Kind.COUNT, _("correct")),
        Column("share", _("Correct, of all"), Kind.SHARE),
    ]
    if code:
        columns.append(Column("id", code, Kind.CODE))
    rows = []
    for group in groups:
        row: list[Value] = [group.title, *group.more]
        if counted:
            row.append(len(group.problems))
        row += [group.answered, group.correct, share(group.correct, group.answered)]
        rows.append((*row, group.id or None) if code else tuple(row))
    links = tuple(link(group.id) if group.id else "" for group in groups) if link else ()
    return Answer(
        key=key,
        question=question,
        finding=_scores_finding(groups) if groups else nothing,
        table=Table(tuple(columns), tuple(rows), links),
        chart=Chart(Form.BARS, column.key, ("answered", "correct"), share="share")
        if any(group.answered for group in groups)
        else None,
    )


def _scores_finding(groups: Sequence[_Group]) -> str:
    answered = [group for group in groups if group.answered]
    if not answered:
        return _("Nobody has answered yet.")
    total = sum(group.answered for group in answered)
    correct = sum(group.correct for group in answered)
    text = ngettext(
        "%(correct)s of %(count)s answer is correct (%(percent)s).",
        "%(correct)s of %(count)s answers are correct (%(percent)s).",
        total,
    )
    sentence = text % {
        "correct": number(correct),
        "count": number(total),
        "percent": percent(correct / total),
    }
    if len(answered) > 1:
        lowest = min(answered, key=lambda group: group.correct / group.answered)
        least = _("Hardest is “%(title)s” (%(percent)s).") % {
            "title": lowest.title,
            "percent": percent(lowest.correct / lowest.answered),
        }
        sentence = f"{sentence} {least}"
    return sentence


def outcomes(structure: Structure, rows: Sequence[ApiRow], link: Link) -> list[Answer]:
    """Submissions to problems with tags, a tag after the other, then the problems."""
    by_tag: dict[str, dict[str, list[ApiRow]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        for name, values in row["tags"].items():
            for value in values:
                by_tag[name][value].append(row)
    return [
        *(
            _outcome(f"tag-{place}", name, by_tag[name])
            for place, name in enumerate(sorted(by_tag), 1)
        ),
        _tagged_problems(structure, rows, link),
    ]


_SUBMISSIONS = ("total_submissions", "correct_submissions")


def _submission_columns() -> tuple[Column, ...]:
    return (
        Column("submissions", _("Submissions"), Kind.COUNT, _("submissions")),
        Column("correct", _("Correct submissions"), Kind.COUNT, _("correct")),
        Column("share", _("Correct, of all"), Kind.SHARE),
    )


def _outcome(key: str, name: str, by_value: Mapping[str, Sequence[ApiRow]]) -> Answer:
    rows = []
    for value, problems_with_it in sorted(by_value.items()):
        total, correct = (sum(row[each] for row in problems_with_it) for each in _SUBMISSIONS)
        rows.append((value, len(problems_with_it), total, correct, share(correct, total)))
    return Answer(
        key=key,
        question=_("How do learners do by “%(tag)s”?") % {"tag": name},
        finding=_outcome_finding([(row[0], row[2], row[3]) for row in rows]),
        table=Table(
            (
                Column("tag", name, Kind.TEXT),
                Column("problems", _("Problems"), Kind.COUNT),
                *_submission_columns(),
            ),
            tuple(rows),
        ),
        chart=Chart(Form.BARS, "tag", ("submissions", "correct"), share="share"),
    )


def _outcome_finding(values: Sequence[tuple[str, int, int]]) -> str:
    submitted = [each for each in values if each[1]]
    if not submitted:
        return _("Nobody has submitted an answer yet.")
    parts = [
        _("%(value)s %(percent)s") % {"value": value, "percent": percent(correct / total)}
        for value, total, correct in sorted(submitted, key=lambda each: each[2] / each[1])[:3]
    ]
    return _("Of all submissions these are correct, hardest first: %(values)s.") % {
        "values": listed(parts)
    }


def _tagged_problems(structure: Structure, rows: Sequence[ApiRow], link: Link) -> Answer:
    titles = structure.titles(row["module_id"] for row in rows)
    found = ngettext(
        "%(count)s problem with a tag has been answered.",
        "%(count)s problems with a tag have been answered.",
        len(rows),
    ) % {"count": number(len(rows))}
    return Answer(
        key="tagged-problems",
        question=_("Which problems have tags?"),
        finding=found if rows else _("No problem with a tag has been answered yet."),
        table=Table(
            (
                Column("problem", _("Problem"), Kind.TEXT),
                Column("tags", _("Tags"), Kind.TEXT),
                *_submission_columns(),
                Column("id", _("Problem id"), Kind.CODE),
            ),
            tuple(
                (
                    titles[row["module_id"]],
                    "; ".join(f"{name}: {', '.join(row['tags'][name])}" for name in row["tags"]),
                    row["total_submissions"],
                    row["correct_submissions"],
                    share(row["correct_submissions"], row["total_submissions"]),
                    row["module_id"],
                )
                for row in rows
            ),
            links=tuple(link(row["module_id"]) for row in rows),
        ),
        chart=Chart(Form.BARS, "problem", ("submissions", "correct"), share="share")
        if rows
        else None,
    )


def answer_parts(rows: Iterable[ApiRow]) -> list[Answer]:
    """The answers to a problem, of its parts one after the other; the most frequent ones first."""
    parts = [list(part) for _id, part in groupby(rows, itemgetter("part_id"))]
    return [_part(place, len(parts), part) for place, part in enumerate(parts, 1)] or [
        Answer(
            key="part-1",
            question=_("What do learners answer?"),
            finding=_("No answer is known that could be counted."),
            table=Table((), ()),
        )
    ]


def _part(place: int, parts: int, rows: Sequence[ApiRow]) -> Answer:
    ordered = sorted(rows, key=lambda row: -row["last_response_count"])
    total = sum(row["last_response_count"] for row in rows)
    texts = _told_apart(ordered)
    return Answer(
        key=f"part-{place}",
        question=_heading(place, parts, " ".join((rows[0]["question_text"] or "").split())),
        finding=_part_finding(ordered, texts, total),
        table=Table(
            (
                Column("answer", _("Answer"), Kind.TEXT),
                Column("verdict", _("Verdict"), Kind.TEXT, missing=_("unknown")),
                Column("last", _("Learners, latest answer"), Kind.COUNT, _("learners")),
                Column("share", _("Share of all"), Kind.SHARE),
                Column("first", _("Learners, first answer"), Kind.COUNT),
                Column("variant", _("Variant"), Kind.CODE),
                Column("value", _("Value"), Kind.CODE),
            ),
            tuple(
                (
                    text,
                    _verdict(row["correct"]),
                    row["last_response_count"],
                    share(row["last_response_count"], total),
                    row["first_response_count"],
                    row["variant"],
                    row["value_id"],
                )
                for text, row in zip(texts, ordered, strict=True)
            ),
        ),
        chart=Chart(Form.BARS, "answer", ("last",), share="share", note="verdict")
        if total
        else None,
        most_rows=MOST_ROWS,
    )


def _verdict(correct: bool | None) -> str | None:
    if correct is None:
        return None
    return pgettext("verdict", "correct") if correct else pgettext("verdict", "incorrect")


def _heading(place: int, parts: int, question: str) -> str:
    if len(question) > _LONGEST_QUESTION:
        question = f"{question[: _LONGEST_QUESTION - 1]}…"
    if parts == 1:
        return question or _("What do learners answer?")
    part = _("Part %(place)s of %(parts)s") % {"place": place, "parts": parts}
    return f"{part}: {question}" if question else part


def _told_apart(rows: Sequence[ApiRow]) -> list[str]:
    """What each answer is called: its text, with what differs where several read the same."""
    texts = [_shown_answer(row) for row in rows]
    seen = Counter(texts)
    named = [
        _("%(answer)s (variant %(variant)s)") % {"answer": text, "variant": row["variant"]}
        if seen[text] > 1 and row["variant"] is not None
        else text
        for text, row in zip(texts, rows, strict=True)
    ]
    times: Counter[str] = Counter()
    told = []
    for text in named:
        times[text] += 1
        told.append(text if times[text] == 1 else f"{text} ({times[text]})")
    return told


def _shown_answer(row: ApiRow) -> str:
    text = " ".join(str(row["answer_value"] or row["value_id"] or "").split())
    return (f"{text[: _LONGEST - 1]}…" if len(text) > _LONGEST else text) or _("(empty)")


def _part_finding(rows: Sequence[ApiRow], texts: Sequence[str], total: int) -> str:
    if not total:
        return _("Nobody has answered yet.")
    right = sum(row["last_response_count"] for row in rows if row["correct"])
    sentences = [
        _("%(learners)s answered; the latest answers of %(right)s are correct (%(percent)s).")
        % {"learners": learners(total), "right": number(right), "percent": percent(right / total)}
    ]
    wrong = [
        (row["last_response_count"], text)
        for row, text in zip(rows, texts, strict=True)
        if row["correct"] is False and row["last_response_count"]
    ]
    if wrong:
        count, text = wrong[0]
        sentences.append(
            _("The most frequent wrong answer is “%(answer)s” (%(percent)s).")
            % {"answer": text[:_LONGEST_QUESTION], "percent": percent(count / total)}
        )
    if any(row["consolidated_variant"] for row in rows):
        sentences.append(_("Variants that do not differ are counted as one."))
    return " ".join(sentences)


def points(rows: Sequence[ApiRow]) -> Answer:
    """Learners by the points that they have in a problem, as the LMS keeps them."""
    ordered = sorted(
        rows, key=lambda row: (row["max_grade"] is None, row["max_grade"], row["grade"])
    )
    total = sum(row["count"] for row in rows)
    return Answer(
        key="points",
        question=_("How many points do learners have?"),
        finding=_points_finding(ordered, total),
        table=Table(
            (
                Column("points", _("Points"), Kind.TEXT),
                Column("count", _("Learners"), Kind.COUNT, _("learners")),
                Column("share", _("Share of all"), Kind.SHARE),
            ),
            tuple((_points(row), row["count"], share(row["count"], total)) for row in ordered),
        ),
        chart=Chart(Form.BARS, "points", ("count",), share="share") if total else None,
        most_rows=MOST_ROWS,
    )


def _points(row: ApiRow) -> str:
    if row["max_grade"] is None:
        return _decimal(row["grade"])
    return _("%(points)s of %(most)s") % {
        "points": _decimal(row["grade"]),
        "most": _decimal(row["max_grade"]),
    }


def _decimal(points: float) -> str:
    """With as many decimals as there are."""
    return f"{points:g}".replace(".", get_format("DECIMAL_SEPARATOR"))


def _points_finding(rows: Sequence[ApiRow], total: int) -> str:
    if not total:
        return _("Nobody has points yet.")
    full = sum(
        row["count"] for row in rows if row["max_grade"] and row["grade"] >= row["max_grade"]
    )
    return _("%(full)s of %(learners)s have all points (%(percent)s).") % {
        "full": number(full),
        "learners": learners(total),
        "percent": percent(full / total),
    }


def _by(found: Iterable[Problem], part_of: Callable[[Problem], str]) -> dict[str, list[Problem]]:
    """Problems by what they are part of, in their order."""
    groups: dict[str, list[Problem]] = {}
    for problem in found:
        groups.setdefault(part_of(problem), []).append(problem)
    return groups
