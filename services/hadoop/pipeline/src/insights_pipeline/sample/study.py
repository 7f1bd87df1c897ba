"""What learners do while they are in a course: watch, answer, read, discuss."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from insights_pipeline.sample.events import (
    ProblemEvents,
    VideoEvents,
    next_subsection,
    tab_change,
)
from insights_pipeline.sample.randomness import exponential, hexdigits, pick
from insights_pipeline.sample.site import SITE, Problem, Video

if TYPE_CHECKING:
    from random import Random

    from insights_pipeline.sample.events import Visit
    from insights_pipeline.sample.learners import Enrollment, Learner
    from insights_pipeline.sample.site import Course, Part, Subsection, Unit

_MEAN_UNITS_PER_VISIT = 2.0
_RECENT_THREADS = 50
_TITLES = ("Question about this week", "Übung 3: Größenordnung?", "Introduce yourself", "Una duda")
_BODIES = (
    "Could somebody explain the second step? I get another result each time that I try.",
    "Ich verstehe die Aufgabe so: zuerst die Größe schätzen, dann rechnen. Stimmt das?",
    "Thank you, that helped a lot!",
    "Estoy de acuerdo. "
    + "The longer story is that the numbers in the table are rounded, and the sum is not. " * 8,
)


@dataclass(frozen=True)
class Thread:
    """A thread of a course's forum, and the name of its author."""

    id: str
    author: str


class Study:
    """What all sessions share: the events of each block, and each course's recent threads."""

    def __init__(self) -> None:
        self._videos: dict[Video, VideoEvents] = {}
        self._problems: dict[Problem, ProblemEvents] = {}
        self._threads: defaultdict[Course, deque[Thread]] = defaultdict(
            lambda: deque(maxlen=_RECENT_THREADS)
        )

    def video(self, video: Video) -> VideoEvents:
        if video not in self._videos:
            self._videos[video] = VideoEvents(video)
        return self._videos[video]

    def problem(self, course: Course, problem: Problem) -> ProblemEvents:
        if problem not in self._problems:
            self._problems[problem] = ProblemEvents(course, problem)
        return self._problems[problem]

    def threads(self, course: Course) -> deque[Thread]:
        return self._threads[course]


class Session:
    """A learner at work in a course; its time runs on with what the learner does."""

    def __init__(
        self,
        study: Study,
        random: Random,
        visit: Visit,
        learner: Learner,
        enrollment: Enrollment,
        at: float,
    ) -> None:
        self._study = study
        self._random = random
        self._rnd = random.random
        self._visit = visit
        self._learner = learner
        self._enrollment = enrollment
        self._course = enrollment.course
        self._at = at
        self._page = ""

    def on_the_web(self) -> None:
        """From the dashboard through some units, sometimes to the forum, until the page closes."""
        self._visit.implicit(self._at, "/dashboard")
        self._wait(2, 8)
        self._visit.implicit(self._at, f"/courses/{self._course.key}/course/")
        for subsection, unit in self._next_units():
            self._wait(1, 10)
            if subsection.page != self._page:
                self._page = subsection.page
                self._enrollment.open(subsection, self._now)
                self._visit.implicit(self._at, self._page.removeprefix(SITE))
                self._wait(1, 1)
            match unit.content:
                case Video() as video:
                    self._watch(video)
                case Problem() as problem:
                    self._enrollment.open(problem, self._now)
                    self._answer(problem)
                case _:
                    self._read()
            self._move_on(subsection, unit)
        if self._rnd() < 0.12:
            self._discuss()
        self._wait(0, 5)
        self._browser("page_close")

    def in_the_app(self) -> None:
        """The videos of some units: the app shows nothing else."""
        for subsection, unit in self._next_units():
            self._page = subsection.page
            if isinstance(unit.content, Video):
                self._watch_in_app(unit.content)
            self._wait(5, 20)

    @property
    def _now(self) -> str:
        """The time as the LMS's tables hold it."""
        return self._visit.clock.mysql(self._at)

    def _wait(self, least: float, spread: float) -> None:
        self._at += least + spread * self._rnd()

    def _ponder(self, mean: float) -> None:
        self._at += exponential(self._rnd, mean)

    def _browser(self, name: str, event: str = '""', *, event_type: str = "") -> None:
        self._visit.browser(self._at, name, self._page, event, event_type=event_type)

    def _next_units(self) -> list[tuple[Subsection, Unit]]:
        """From where the learner stopped on; after the course's end, any units for revision."""
        path, enrollment = self._course.path, self._enrollment
        count = 1 + int(exponential(self._rnd, _MEAN_UNITS_PER_VISIT))
        first = enrollment.next_unit
        if first >= len(path):
            first = int(self._rnd() * len(path))
        enrollment.next_unit = max(enrollment.next_unit, first + count)
        return list(path[first : first + count])

    def _watch(self, video: Video) -> None:
        rnd, events = self._rnd, self._study.video(video)
        self._browser("load_video", events.loaded)
        if rnd() < 0.1:
            self._browser("show_transcript", events.at % 0)
        leaves_at = self._leaves_at(video)
        self._wait(1, 3)
        position = 0.0
        while position < leaves_at:
            self._browser("play_video", events.at % _seconds(position))
            stop, seek_to = self._next_stop(video, position, leaves_at)
            self._at += (stop - position) / self._learner.speed
            position = stop
            if seek_to is not None:
                moved = events.moved % (_seconds(position), _seconds(seek_to))
                self._browser("seek_video", moved)
                self._wait(0.3, 0.2)
                position = seek_to
            elif position < leaves_at:
                self._browser("pause_video", events.at % _seconds(position))
                self._ponder(30)
        finished = position >= video.duration
        # Else some close the page while the video plays, and nothing tells how far they came.
        if finished or rnd() < 0.75:
            self._browser("pause_video", events.at % _seconds(position))
        if finished:
            self._wait(0.1, 0)
            self._browser("stop_video", events.at % video.duration)

    def _watch_in_app(self, video: Video) -> None:
        page, events = self._page, self._study.video(video)
        mobile, speed = self._visit.mobile, self._learner.speed
        position, leaves_at = 0.0, self._leaves_at(video)
        mobile(self._at, "edx.video.loaded", "load_video", page, events.app_loaded)
        self._wait(2, 1)
        mobile(self._at, "edx.video.played", "play_video", page, events.app_at % 0)
        if video.hot_spot < leaves_at and self._rnd() < 0.3:
            self._at += video.hot_spot / speed
            position = max(0.0, video.hot_spot - 30)
            moved = events.app_moved % (_seconds(video.hot_spot), _seconds(position))
            mobile(self._at, "edx.video.position.changed", "seek_video", page, moved)
            self._wait(0.4, 0)
            again = events.app_at % _seconds(position)
            mobile(self._at, "edx.video.played", "play_video", page, again)
        self._at += (leaves_at - position) / speed
        where = events.app_at % _seconds(leaves_at)
        if leaves_at >= video.duration:
            mobile(self._at, "edx.video.stopped", "stop_video", page, where)
        else:
            mobile(self._at, "edx.video.paused", "pause_video", page, where)

    def _leaves_at(self, video: Video) -> float:
        """The position (seconds) at which the learner has seen enough: often the end, else any."""
        rnd = self._rnd
        return float(video.duration) if rnd() < 0.45 else max(1.0, video.duration * rnd() * rnd())

    def _next_stop(
        self, video: Video, position: float, leaves_at: float
    ) -> tuple[float, float | None]:
        """Where playing from `position` stops, and where to the learner jumps then, if at all."""
        rnd = self._rnd
        if position < video.hot_spot < leaves_at and rnd() < 0.25:
            return video.hot_spot, max(0.0, video.hot_spot - 10 - 20 * rnd())
        left = leaves_at - position
        if left > 60 and rnd() < 0.1:
            return position + 10, position + 10 + (left - 20) * rnd()
        if left > 30 and rnd() < 0.2:
            return position + left * rnd(), None
        return leaves_at, None

    def _answer(self, problem: Problem) -> None:
        """Attempts until the answer is right or the learner gives up."""
        events = self._study.problem(self._course, problem)
        self._visit.implicit(self._at, events.get_path)
        for _ in range(1 + int(3 * self._rnd())):
            self._wait(10, 0)
            self._ponder(40)
            if self._submit(problem, events):
                return
        if self._rnd() < 0.5:
            self._show_answer(events)

    def _submit(self, problem: Problem, events: ProblemEvents) -> bool:
        """One attempt: four events; true if it was right."""
        earlier = self._enrollment.answers.get(problem.usage_key, [])
        chance = 1 - problem.difficulty + self._learner.skill + 0.15 * len(earlier)
        answer = events.submission(
            # Everybody keeps the variant that was drawn first.
            1 + self._learner.id % problem.variants,
            tuple(self._choose(part, chance) for part in problem.parts),
        )
        last = earlier[-1] if earlier else None
        before = (last.answers, "true", last.correct_map) if last else ("{}", "null", "{}")
        check = answer.check % (*before, len(earlier) + 1)
        self._browser("problem_check", answer.form)
        self._wait(0.02, 0)
        self._visit.implicit(self._at, events.check_path, post=answer.post)
        self._wait(0.03, 0)
        self._problem_event("problem_check", events, events.check_path, check)
        self._enrollment.answer(problem, answer, self._now)
        self._wait(0.2, 0.1)
        self._browser("problem_graded", answer.graded)
        return answer.correct

    def _choose(self, part: Part, chance: float) -> int:
        """Index of a choice: the first, which is right, or any of the others."""
        rnd = self._rnd
        return 0 if rnd() < chance else 1 + int(rnd() * (len(part.choices) - 1))

    def _show_answer(self, events: ProblemEvents) -> None:
        self._wait(5, 5)
        self._visit.implicit(self._at, events.show_path)
        self._wait(0.03, 0)
        self._problem_event("showanswer", events, events.show_path, events.shown)
        self._wait(0.1, 0)
        self._browser("problem_show", events.browser_shown)

    def _problem_event(self, name: str, events: ProblemEvents, path: str, event: str) -> None:
        self._visit.server(
            self._at,
            name,
            path,
            event,
            module=events.module,
            page='"x_module"',
            referer=self._page,
        )

    def _read(self) -> None:
        """Reads the unit; a few turn to the textbook, or follow a link."""
        rnd = self._rnd
        self._ponder(90)
        if rnd() < 0.1:
            book = f"/courses/{self._course.key}/pdfbook/0/"
            self._visit.implicit(self._at, book)
            self._wait(5, 20)
            page = 2 + int(rnd() * 90)
            self._turn_page(book, {"type": "gotopage", "old": 1, "new": page})
            while rnd() < 0.4:
                turn, page = pick(rnd, (("nextpage", page + 1), ("prevpage", page - 1)))
                self._turn_page(book, {"type": turn, "new": page})
        if rnd() < 0.05:
            link = {"current_url": self._page, "target_url": "https://www.example.com/"}
            self._browser("edx.ui.lms.link_clicked", json.dumps(json.dumps(link)))

    def _turn_page(self, book: str, turned: dict[str, Any]) -> None:
        event = json.dumps(json.dumps({**turned, "chapter": f"{SITE}{book}"}))
        self._visit.browser(self._at, "book", f"{SITE}{book}", event)
        self._ponder(60)

    def _move_on(self, subsection: Subsection, unit: Unit) -> None:
        """To the next unit or, sometimes, to any other of the subsection."""
        rnd, tabs = self._rnd, len(subsection.units)
        self._wait(1, 4)
        if rnd() < 0.15:
            event = tab_change(subsection, unit, 1 + int(rnd() * tabs))
            self._browser("edx.ui.lms.sequence.tab_selected", event, event_type="seq_goto")
        elif unit.position < tabs:
            event = tab_change(subsection, unit, unit.position + 1)
            self._browser("edx.ui.lms.sequence.next_selected", event, event_type="seq_next")
        else:
            self._browser("edx.ui.lms.sequence.next_selected", next_subsection(subsection))

    def _discuss(self) -> None:
        """Opens the forum, and starts a thread, or responds, comments or votes in another's."""
        self._visit.implicit(self._at, f"/courses/{self._course.key}/discussion/forum/")
        self._wait(10, 10)
        self._ponder(60)
        threads, kind = self._study.threads(self._course), self._rnd()
        if not threads or kind < 0.3:
            threads.append(self._start_thread())
            return
        thread = pick(self._rnd, threads)
        if kind < 0.65:
            reply = self._text() | {"options": {"followed": False}}
            self._reply("edx.forum.response.created", f"threads/{thread.id}/reply", thread, reply)
        elif kind < 0.85:
            reply = self._text() | {"response": {"id": hexdigits(self._random, 24)}}
            self._reply("edx.forum.comment.created", f"comments/{thread.id}/reply", thread, reply)
        else:
            self._vote(thread)

    def _vote(self, thread: Thread) -> None:
        """For or against a thread or a response to it, or taking that back."""
        rnd = self._rnd
        value = "up" if rnd() < 0.8 else "down"
        vote = {
            "vote_value": value,
            "undo_vote": rnd() < 0.1,
            "target_username": thread.author,
        }
        if rnd() < 0.6:
            vote["id"] = thread.id
            self._reply("edx.forum.thread.voted", f"threads/{thread.id}/{value}vote", thread, vote)
        else:
            vote["response"] = {"id": hexdigits(self._random, 24)}
            action = f"comments/{thread.id}/{value}vote"
            self._reply("edx.forum.response.voted", action, thread, vote)

    def _start_thread(self) -> Thread:
        thread = Thread(hexdigits(self._random, 24), self._learner.username)
        event = self._text() | {
            "id": thread.id,
            "title": pick(self._rnd, _TITLES),
            "title_truncated": False,
            "thread_type": pick(self._rnd, ("question", "discussion")),
            "anonymous_to_peers": False,
            "options": {"followed": True},
            "group_id": None,
        }
        self._forum_event("edx.forum.thread.created", "general/threads/create", event)
        return thread

    def _reply(self, name: str, action: str, thread: Thread, event: dict[str, Any]) -> None:
        own = {"id": hexdigits(self._random, 24), "discussion": {"id": thread.id}}
        self._forum_event(name, action, own | event)

    def _text(self) -> dict[str, Any]:
        return {"body": pick(self._rnd, _BODIES), "truncated": False, "anonymous": False}

    def _forum_event(self, name: str, action: str, event: dict[str, Any]) -> None:
        """The request, whose parameters may be cut, and the event that follows."""
        path = f"/courses/{self._course.key}/discussion"
        where = {
            "commentable_id": "general",
            "category_id": "general",
            "category_name": "General",
            "user_forums_roles": ["Student"],
            "user_course_roles": [],
            "url": f"{SITE}{path}/forum/general/threads/{event['id']}",
        }
        post = {field: [event[field]] for field in ("title", "body") if field in event}
        self._visit.implicit(self._at, f"{path}/{action}", post=json.dumps(post))
        self._wait(0.05, 0.1)
        self._visit.server(self._at, name, f"{path}/{action}", json.dumps(event | where))


def _seconds(position: float) -> str:
    """As JavaScript writes numbers: 0, 21.4, 309.776."""
    return f"{position:.7g}"
