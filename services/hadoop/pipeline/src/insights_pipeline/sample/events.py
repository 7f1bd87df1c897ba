"""The lines that the LMS writes: one shape for each way in which an event comes about.

Lines are put together from ready-made JSON text, since encoding each with `json` would take most
of the time. `template` makes such text from an ordinary payload, so that its shape stays readable.
All text is ASCII, as the LMS escapes everything else.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from insights_pipeline.sample.site import HOST, SITE

if TYPE_CHECKING:
    from datetime import date

    from insights_pipeline.sample.site import Course, Problem, Subsection, Unit, Video

Line = tuple[float, str]
"""An event: seconds since the simulated day began, and the line without its newline."""

IMPLICIT_EVENT_LIMIT = 512
"""Characters after which the LMS cuts the parameters of a request."""

_SLOT = "<slot>"
_NO_PARAMETERS = json.dumps(json.dumps({"POST": {}, "GET": {}}))
_MICROSECONDS_PER_DAY = 86_400_000_000
_MOBILE_AGENT = "Dalvik/2.1.0 (Linux; U; Android 14; Pixel 7 Build/AP2A.240805.005)"
_MOBILE_CONTEXT = json.dumps(
    {
        "application": {"name": "edx.mobileapp.android", "version": "5.0.1"},
        "client": {
            "network": {"wifi": True, "cellular": False, "carrier": "Example Mobile"},
            "device": {"manufacturer": "Google", "model": "Pixel 7", "type": "android"},
            "os": {"name": "Android", "version": "14"},
            "library": {"name": "analytics-android", "version": "4.11.3"},
            "app": {"name": "edX", "version": "5.0.1", "build": "5000001"},
            "timezone": "UTC",
        },
        "component": "videoplayer",
    }
)[1:-1]


def template(payload: Any) -> str:
    """JSON text of a payload in which every `_SLOT` became a `%s` that takes JSON text."""
    return json.dumps(payload).replace("%", "%%").replace(f'"{_SLOT}"', "%s")


def nested(payload: Any) -> str:
    """As `template`, for events that are a string holding JSON (browser and mobile)."""
    return json.dumps(template(payload))


@dataclass(frozen=True)
class Clock:
    """Turns seconds since the day began (a day later, too) into the time of an event."""

    day: date

    def time(self, at: float) -> str:
        """ISO 8601; like Python's, without a fraction where it is zero."""
        days, rest = divmod(int(at * 1e6), _MICROSECONDS_PER_DAY)
        seconds, micros = divmod(rest, 1_000_000)
        minutes, seconds = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        day = self.day + timedelta(days) if days else self.day
        fraction = f".{micros:06d}" if micros else ""
        return f"{day}T{hours:02d}:{minutes:02d}:{seconds:02d}{fraction}+00:00"

    def mysql(self, at: float) -> str:
        """The same moment as the LMS's tables hold it: UTC, without zone."""
        return self.time(at).removesuffix("+00:00").replace("T", " ")


@dataclass(frozen=True)
class Client:
    """Where requests come from. Anonymous visitors have no name, and no id (null or blank)."""

    username: str
    user_id: int | str | None
    ip: str
    agent: str
    language: str
    session: str


class Visit:
    """One client at one course (or at none): what all events of a session have in common.

    `lines` collects the events, in no particular order.
    """

    def __init__(self, clock: Clock, client: Client, course: Course | None = None) -> None:
        self.lines: list[Line] = []
        self.clock = clock
        self._time = clock.time
        self._username = client.username
        self._ip = client.ip
        user = f'"user_id": {json.dumps(client.user_id)}'
        self._context = f'{user}, "course_id": "", "org_id": ""'
        self._course_context = self._context
        self._course_path = f"/courses/{course.key}/" if course else None
        if course:
            self._course_context = f'{user}, "course_id": "{course.key}", "org_id": "{course.org}"'
        self._client = (
            f'"username": "{client.username}", "session": "{client.session}", '
            f'"ip": "{client.ip}", "agent": "{client.agent}", "host": "{HOST}"'
        )
        self._language = f'"accept_language": "{client.language}"'

    def server(
        self,
        at: float,
        name: str,
        path: str,
        event: str,
        *,
        module: str = "",
        page: str = "null",
        referer: str = SITE,
    ) -> None:
        """An event that the LMS's own code emits; `event` and `page` are JSON text."""
        context = f'"course_user_tags": {{}}, {self._course_context}, "path": "{path}"{module}'
        self._server(at, name, context, event, page, referer)

    def implicit(self, at: float, path: str, *, post: str = "{}", get: str = "{}") -> None:
        """The event that every request leaves; `post` and `get` are JSON text.

        The LMS takes the course from the path; it has none for those outside a course.
        """
        event = _NO_PARAMETERS
        if post != "{}" or get != "{}":
            parameters = f'{{"POST": {post}, "GET": {get}}}'
            event = json.dumps(parameters[:IMPLICIT_EVENT_LIMIT])
        if self._course_path and path.startswith(self._course_path):
            self.server(at, path, path, event)
        else:
            self._server(at, path, f'{self._context}, "path": "{path}"', event, "null", SITE)

    def _server(
        self, at: float, name: str, context: str, event: str, page: str, referer: str
    ) -> None:
        self.lines.append(
            (
                at,
                f'{{"name": "{name}", "context": {{{context}}}, {self._client}, '
                f'"referer": "{referer}", {self._language}, "event": {event}, '
                f'"time": "{self._time(at)}", "event_type": "{name}", '
                f'"event_source": "server", "page": {page}}}',
            )
        )

    def browser(
        self, at: float, name: str, page: str, event: str = '""', *, event_type: str = ""
    ) -> None:
        """An event that a page sends; `event` is JSON text of a string."""
        self.lines.append(
            (
                at,
                f'{{"name": "{name}", "context": {{{self._course_context}, "path": "/event", '
                f'"enterprise_uuid": ""}}, {self._client}, "referer": "{page}", {self._language}, '
                f'"event": {event}, "time": "{self._time(at)}", '
                f'"event_type": "{event_type or name}", "event_source": "browser", '
                f'"page": "{page}"}}',
            )
        )

    def mobile(self, at: float, name: str, event_type: str, page: str, event: str) -> None:
        """An event that the app sends; `event` is JSON text of a string."""
        self.lines.append(
            (
                at,
                f'{{"username": "{self._username}", "event_type": "{event_type}", '
                f'"ip": "{self._ip}", "agent": "{_MOBILE_AGENT}", "host": "{HOST}", '
                f'"session": "", "event": {event}, "event_source": "mobile", '
                f'"context": {{{self._course_context}, {_MOBILE_CONTEXT}, '
                f'"received_at": "{self._time(at + 4)}", "path": "/segmentio/event"}}, '
                f'"time": "{self._time(at)}", "page": "{page}", "name": "{name}"}}',
            )
        )


def command_line(clock: Clock, at: float, course: Course, name: str, event: str) -> Line:
    """A server event that a management command emits: it is nobody's request."""
    return (
        at,
        f'{{"username": "anonymous", "host": "", "event_source": "server", "name": "{name}", '
        f'"event_type": "{name}", "context": {{"course_id": "{course.key}", '
        f'"org_id": "{course.org}", "command": "./manage.py lms bulk_enroll"}}, '
        f'"time": "{clock.time(at)}", "ip": "", "event": {event}, "agent": "", "page": null}}',
    )


class VideoEvents:
    """The payloads of a video's events, as templates that take positions in seconds."""

    def __init__(self, video: Video) -> None:
        duration = {"duration": video.duration} if video.reports_duration else {}
        web = {"id": video.html_id, "code": video.code, **duration}
        app = {"id": video.html_id, "code": "mobile", **duration}
        moved = {"old_time": _SLOT, "new_time": _SLOT, "type": "onSlideSeek"}
        self.loaded = json.dumps(json.dumps(web))
        self.at = nested({**web, "currentTime": _SLOT})
        self.moved = nested({**web, **moved})
        self.app_loaded = json.dumps(json.dumps(app))
        self.app_at = nested({**app, "currentTime": _SLOT})
        self.app_moved = nested({**app, **moved})


@dataclass(frozen=True, eq=False, slots=True)
class Submission:
    """One way to answer a problem.

    Attributes:
        grade: how many parts are right.
        max_grade: how many there are.
        form, post, graded: payloads of the browser's and the implicit events.
        check: template of the server's event, which takes the number of attempts and, of the
            attempt before, done (true or null), answers and correct_map.
        answers, correct_map: what the next attempt reports of this one.
    """

    grade: int
    max_grade: int
    form: str
    post: str
    graded: str
    check: str
    answers: str
    correct_map: str

    @property
    def correct(self) -> bool:
        """Whether all parts are right."""
        return self.grade == self.max_grade


class ProblemEvents:
    """The paths and payloads of a problem's events."""

    def __init__(self, course: Course, problem: Problem) -> None:
        block = problem.usage_key.replace("://", ":;_;_").replace("/", ";_")
        handler = f"/courses/{course.key}/xblock/{block}/handler/xmodule_handler"
        self.problem = problem
        self.get_path = f"{handler}/problem_get"
        self.check_path = f"{handler}/problem_check"
        self.show_path = f"{handler}/problem_show"
        self.shown = json.dumps({"problem_id": problem.usage_key})
        self.browser_shown = json.dumps(json.dumps({"problem": problem.usage_key}))
        module = {"display_name": problem.display_name, "usage_key": problem.usage_key}
        asides = {"tagging_aside": {"saved_tags": problem.tags}} if problem.tags else {}
        self.module = f', "module": {json.dumps(module)}, "asides": {json.dumps(asides)}'
        self._submissions: dict[tuple[int, tuple[int, ...]], Submission] = {}

    def submission(self, variant: int, picks: tuple[int, ...]) -> Submission:
        """The answer that takes, for each part, the choice of that index.

        Args:
            variant: which of the problem's, from 1.
            picks: the indexes.
        """
        key = variant, picks
        if key not in self._submissions:
            self._submissions[key] = self._submission(variant, picks)
        return self._submissions[key]

    def _submission(self, variant: int, picks: tuple[int, ...]) -> Submission:
        chosen = {
            f"{self.problem.html_id}_{number}_1": (part, part.choices[index])
            for number, (part, index) in enumerate(
                zip(self.problem.parts, picks, strict=True), start=2
            )
        }
        answers = {part_id: choice.value for part_id, (_, choice) in chosen.items()}
        correct_map = {
            part_id: {
                "hint": "",
                "hintmode": None,
                "correctness": "correct" if choice.correct else "incorrect",
                "npoints": None,
                "msg": "",
                "queuestate": None,
            }
            for part_id, (_, choice) in chosen.items()
        }
        submitted = {
            part_id: {
                "input_type": part.input_type,
                "question": part.question,
                "response_type": part.response_type,
                "answer": choice.text,
                "variant": variant if self.problem.variants > 1 else "",
                "correct": choice.correct,
            }
            for part_id, (part, choice) in chosen.items()
        }
        grade = sum(choice.correct for _, choice in chosen.values())
        correct = grade == len(chosen)
        check = {
            **({"submission": submitted} if self.problem.tells_submission else {}),
            "success": "correct" if correct else "incorrect",
            "grade": grade,
            "correct_map": correct_map,
            "state": {
                "student_answers": _SLOT,
                "seed": variant,
                "done": _SLOT,
                "correct_map": _SLOT,
                "input_state": {part_id: {} for part_id in chosen},
            },
            "answers": answers,
            "attempts": _SLOT,
            "max_grade": len(chosen),
            "problem_id": self.problem.usage_key,
        }
        fields = {
            f"input_{part_id}{'[]' if isinstance(value, list) else ''}": value
            for part_id, value in answers.items()
        }
        form = urlencode(fields, doseq=True)
        post = {
            name: value if isinstance(value, list) else [value] for name, value in fields.items()
        }
        return Submission(
            grade=grade,
            max_grade=len(chosen),
            form=json.dumps(json.dumps(form)),
            post=json.dumps(post),
            graded=json.dumps(json.dumps([form, self._page(correct)])),
            check=template(check),
            answers=json.dumps(answers),
            correct_map=json.dumps(correct_map),
        )

    def _page(self, correct: bool) -> str:
        questions = "".join(f"<p>{part.question}</p>" for part in self.problem.parts)
        status = "correct" if correct else "incorrect"
        return (
            f'\n\n<h2 class="problem-header">\n  {self.problem.display_name}\n</h2>\n\n'
            f'<div class="problem" role="application">\n  <div>{questions}'
            f'<span class="status {status}">{status}</span></div>\n</div>\n'
        )


def enrollment_event(course: Course, user_id: int, mode: str) -> str:
    """Payload of the enrollment events."""
    return json.dumps({"course_id": course.key, "user_id": user_id, "mode": mode})


def tab_change(subsection: Subsection, unit: Unit, target: int) -> str:
    """Payload of moving from a unit to the one at another position of the same subsection."""
    return json.dumps(
        json.dumps(
            {
                "old": unit.position,
                "new": target,
                "current_tab": unit.position,
                "target_tab": target,
                "tab_count": len(subsection.units),
                "id": subsection.usage_key,
                "widget_placement": "top",
            }
        )
    )


def next_subsection(subsection: Subsection) -> str:
    """Payload of moving on past the last unit of a subsection."""
    tabs = len(subsection.units)
    return json.dumps(
        json.dumps(
            {
                "current_tab": tabs,
                "tab_count": tabs,
                "id": subsection.usage_key,
                "widget_placement": "bottom",
            }
        )
    )
