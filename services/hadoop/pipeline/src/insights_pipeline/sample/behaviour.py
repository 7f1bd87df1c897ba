"""The simulation: day by day, who comes, who enrolls, upgrades, leaves and comes back."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import timedelta
from itertools import accumulate
from operator import itemgetter
from typing import TYPE_CHECKING

from insights_pipeline.sample.events import Client, Clock, Visit, command_line, enrollment_event
from insights_pipeline.sample.learners import (
    BROWSERS,
    COUNTRIES,
    Enrollment,
    Learner,
    build_learners,
)
from insights_pipeline.sample.randomness import exponential, hexdigits, pick, stream, weighted
from insights_pipeline.sample.site import build_courses
from insights_pipeline.sample.study import Session, Study

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from random import Random

    from insights_pipeline.sample.events import Line
    from insights_pipeline.sample.options import SampleOptions
    from insights_pipeline.sample.site import Course

SECONDS_PER_DAY = 86_400
UPGRADER_ID = 1
UPGRADER = "ecommerce_worker"
"""The service account in whose name upgrades come in."""

# Visits by UTC hour of the day: few at night, most in the evening.
_HOURS = tuple(
    accumulate((3, 2, 1, 1, 1, 2, 3, 4, 5, 6, 6, 6, 7, 7, 7, 8, 9, 10, 12, 13, 13, 11, 9, 9))
)
_SATURDAY = 5
_WEEKEND_DELAY = 0.4
_BULK = "professional"
_NOWHERE = "192.168.7.1"
"""An address that the sample's database of countries does not know."""
_SHOP = Client(UPGRADER, UPGRADER_ID, "10.200.0.1", "edx-rest-api-client/5.6.1", "*", session="")
# Visits begin early enough for their enrollment events to fall on the same day.
_LATEST_VISIT = SECONDS_PER_DAY - 120


class Simulation:
    """The site over the sample's days; `day` must be called for each in turn."""

    def __init__(self, options: SampleOptions) -> None:
        self.courses = build_courses(options)
        self.learners = list(build_learners(options, self.courses))
        self._options = options
        self._study = Study()
        self._visitors: dict[int, list[Learner]] = defaultdict(list)
        self._after_midnight: list[Line] = []
        for learner in self.learners:
            self._visitors[learner.first_day].append(learner)

    def day(self, number: int) -> list[str]:
        """The lines of that day (counted from 0), in the order of their times."""
        random = stream(self._options.seed, f"day {number}")
        today = self._options.start + timedelta(number)
        lines = self._after_midnight
        for learner in self._visitors.pop(number, ()):
            arrival = _Arrival(random, Clock(today), learner)
            arrival.visit(self._study, self.courses)
            lines += arrival.lines
            self._plan_next_visit(random, number, today, learner)
            if random.random() < 0.15:
                lines += _passer_by(random, Clock(today), pick(random.random, self.courses))
        lines.sort(key=itemgetter(0))
        self._after_midnight = [
            (at - SECONDS_PER_DAY, line) for at, line in lines if at >= SECONDS_PER_DAY
        ]
        return [line for at, line in lines if at < SECONDS_PER_DAY]

    def _plan_next_visit(self, random: Random, number: int, today: date, learner: Learner) -> None:
        gap = max(1, round(exponential(random.random, learner.pace)))
        weekday = (today + timedelta(gap)).weekday()
        if weekday >= _SATURDAY and random.random() < _WEEKEND_DELAY:
            gap += 7 - weekday
        if number + gap <= learner.last_day:
            self._visitors[number + gap].append(learner)


class _Arrival:
    """A learner who comes to the site on some day; `lines` is what this leaves in the log."""

    def __init__(self, random: Random, clock: Clock, learner: Learner) -> None:
        self.lines: list[Line] = []
        self._random = random
        self._clock = clock
        self._learner = learner
        self._at = _time_of_day(random)

    def visit(self, study: Study, courses: Sequence[Course]) -> None:
        """Maybe a change of enrollment, then a session in one of the learner's courses."""
        learner, rnd = self._learner, self._random.random
        if learner.joined:
            self._change_enrollment(pick(rnd, learner.enrollments), courses)
        else:
            self._register()
            self._at += 60
            self._enroll(learner.first_course)
        learner.last_login = self._clock.mysql(self._at)
        active = [enrollment for enrollment in learner.enrollments if enrollment.is_active]
        if active:
            self._at += 60 + 60 * rnd()
            self._attend(study, pick(rnd, active))

    def _attend(self, study: Study, enrollment: Enrollment) -> None:
        in_the_app = self._learner.mobile and self._random.random() < 0.6
        client = _client(self._random, self._learner, in_the_app)
        visit = Visit(self._clock, client, enrollment.course)
        session = Session(study, self._random, visit, self._learner, enrollment, self._at)
        if in_the_app:
            session.in_the_app()
        else:
            session.on_the_web()
        self.lines += visit.lines

    def _register(self) -> None:
        """The registration form: the last thing that a learner does without a name."""
        learner = self._learner
        learner.joined = self._clock.mysql(self._at)
        form = {
            "username": [learner.username],
            "name": [learner.name],
            "email": [f"{learner.username}@example.com"],
            "password": "********",
            "country": [learner.country.code],
            "gender": [learner.gender or ""],
            "year_of_birth": [str(learner.year_of_birth or "")],
            "level_of_education": [learner.level_of_education or ""],
            "goals": [""],
            "mailing_address": [""],
            "honor_code": ["true"],
            "terms_of_service": ["true"],
            "csrfmiddlewaretoken": [hexdigits(self._random, 64)],
        }
        visit = Visit(self._clock, _anonymous(self._random))
        visit.implicit(self._at, "/create_account", post=json.dumps(form))
        self.lines += visit.lines

    def _change_enrollment(self, one: Enrollment, courses: Sequence[Course]) -> None:
        """One change at most: leave, come back, upgrade, or take another course."""
        chance = self._random.random()
        if not one.is_active:
            if chance < 0.4:
                self._return(one)
        elif chance < 0.03:
            self._leave(one)
        elif chance < 0.07:
            self._upgrade(one)
        elif chance < 0.12:
            new = pick(self._random.random, courses)
            if all(new is not each.course for each in self._learner.enrollments):
                self._enroll(new)

    def _enroll(self, course: Course) -> None:
        """Into the course's entry mode; professionals come in bulk, by a management command."""
        mode = course.modes[0]
        if mode == _BULK:
            self._at = float(int(self._at))
        enrollment = Enrollment(course, mode, self._clock.mysql(self._at))
        self._learner.enrollments.append(enrollment)
        if mode == _BULK:
            event = enrollment_event(course, self._learner.id, mode)
            name = "edx.course.enrollment.activated"
            self.lines.append(command_line(self._clock, self._at, course, name, event))
        else:
            self._request("enroll", "activated", enrollment)

    def _leave(self, enrollment: Enrollment) -> None:
        enrollment.is_active = False
        self._request("unenroll", "deactivated", enrollment)

    def _return(self, enrollment: Enrollment) -> None:
        """Back again, in the course's entry mode, whatever the learner had before."""
        enrollment.is_active, enrollment.mode = True, enrollment.course.modes[0]
        self._request("enroll", "activated", enrollment)

    def _request(self, action: str, change: str, enrollment: Enrollment) -> None:
        """The learner's request, and the event that follows from it."""
        course, path = enrollment.course, "/change_enrollment"
        post = {"course_id": [course.key], "enrollment_action": [action]}
        visit = Visit(self._clock, _client(self._random, self._learner), course)
        visit.implicit(self._at - 0.1, path, post=json.dumps(post))
        event = enrollment_event(course, self._learner.id, enrollment.mode)
        visit.server(self._at, f"edx.course.enrollment.{change}", path, event)
        self.lines += visit.lines

    def _upgrade(self, enrollment: Enrollment) -> None:
        """To the next mode of the course, if any; the shop reports it, not the learner."""
        modes = enrollment.course.modes
        place = modes.index(enrollment.mode) + 1
        if place == len(modes):
            return
        enrollment.mode = modes[place]
        visit = Visit(self._clock, _SHOP, enrollment.course)
        event = enrollment_event(enrollment.course, self._learner.id, enrollment.mode)
        path = "/api/enrollment/v1/enrollment"
        visit.server(self._at, "edx.course.enrollment.mode_changed", path, event)
        self.lines += visit.lines


def _time_of_day(random: Random) -> float:
    hour = weighted(random.random, _HOURS)
    return 1 + min((hour + random.random()) * 3600, _LATEST_VISIT)


def _client(random: Random, learner: Learner, in_the_app: bool = False) -> Client:
    """The learner's browser or app, at home or, rarely, abroad or at a place that nobody knows."""
    travels = random.random() < 0.02
    country = pick(random.random, COUNTRIES) if travels else learner.country
    ip = (country.address_6 if in_the_app else country.address)(learner.id)
    return Client(
        username=learner.username,
        user_id=learner.id,
        ip=_NOWHERE if random.random() < 0.02 else ip,
        agent=learner.agent,
        language=learner.country.language,
        session=hexdigits(random, 32),
    )


def _anonymous(random: Random) -> Client:
    country = pick(random.random, COUNTRIES)
    return Client(
        username="",
        user_id=pick(random.random, ("", None)),
        ip=country.address(int(random.random() * 60_000)),
        agent=pick(random.random, BROWSERS),
        language=country.language,
        session=hexdigits(random, 32),
    )


def _passer_by(random: Random, clock: Clock, course: Course) -> list[Line]:
    """A visitor who looks around without logging in."""
    client = _anonymous(random)
    at = _time_of_day(random)
    visit = Visit(clock, client, course)
    visit.implicit(at, "/")
    visit.implicit(at + 9, "/courses", get='{"search_query": ["programming"]}')
    visit.implicit(at + 30, f"/courses/{course.key}/about")
    return visit.lines
