"""Whatever is asked, the answer is data or an error of the client's; never a failure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    import requests

    from served import Served

# Requests take milliseconds, and the fixture is the same for all examples.
wild = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])

RESOURCES = (
    "activity",
    "recent_activity",
    "enrollment",
    "enrollment/mode",
    "enrollment/birth_year",
    "enrollment/education",
    "enrollment/gender",
    "enrollment/location",
    "learners",
    "problems",
    "problems_and_tags",
    "reports/problem_response",
    "user_engagement",
    "videos",
)
texts = st.text(max_size=30)
key_parts = st.text("aB1-_.~:+/% é\n\0|", min_size=1, max_size=8)
course_ids = st.one_of(
    texts,
    st.builds("{}/{}/{}".format, key_parts, key_parts, key_parts),
    st.builds("course-v1:{}+{}+{}".format, key_parts, key_parts, key_parts),
    st.sampled_from(("ccx-v1:a+b+c+ccx@1", "library-v1:a+b", "course-v1:a+b+c+type@video+block@x")),
)
moments = st.one_of(
    texts,
    st.dates().map(str),
    st.datetimes().map(lambda moment: moment.strftime("%Y-%m-%dT%H%M%S")),
)
numbers = st.one_of(texts, st.integers().map(str), st.floats().map(str))
flags = st.one_of(texts, st.sampled_from(("true", "False", "1", "no")))
members = st.sampled_from(
    ("course_id", "count", "enrollment_modes", "programs", "recent_count_change", "created", "")
)
lists = st.one_of(texts, st.lists(members, max_size=4).map(",".join))
parameters = st.fixed_dictionaries(
    {},
    optional={
        "start_date": moments,
        "end_date": moments,
        "activity_type": st.one_of(texts, st.sampled_from(("any", "ACTIVE", "played_video"))),
        "label": texts,
        "course_ids": st.one_of(course_ids, st.lists(course_ids, max_size=3)),
        "fields": lists,
        "exclude": lists,
        "programs": flags,
        "program_ids": texts,
        "recent_date": moments,
        "text_search": texts,
        "availability": st.one_of(texts, st.sampled_from(("Current", "unknown,Archived"))),
        "pacing_type": st.one_of(texts, st.sampled_from(("self_paced", "instructor_paced"))),
        "order_by": st.one_of(texts, st.sampled_from(("count", "start_date", "end_date"))),
        "sort_order": st.one_of(texts, st.sampled_from(("asc", "desc"))),
        "page": numbers,
        "page_size": numbers,
        "all": flags,
        "limit": numbers,
        "course_id": course_ids,
        "cohort": texts,
        "enrollment_mode": texts,
        "segments": st.one_of(texts, st.sampled_from(("struggling", "inactive,unenrolled"))),
        "ignore_segments": st.one_of(texts, st.sampled_from(("highly_engaged",))),
        "status": st.one_of(texts, st.sampled_from(("succeeded", "failed"))),
    },
)
accepted = st.sampled_from(("application/json", "text/csv", "*/*", "text/html"))
# What JSON can say: escapes stand for characters that no text in UTF-8 has.
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=5,
)
bodies = (
    st.dictionaries(
        st.sampled_from(
            (
                "course_ids",
                "fields",
                "exclude",
                "page",
                "page_size",
                "all",
                "text_search",
                "order_by",
            )
        ),
        values,
    )
    | values
)


def check(response: requests.Response) -> None:
    """Data, or an error that says what it is."""
    assert response.status_code in {200, 400, 404, 406}, response.text
    if response.status_code != 200:
        assert response.json().keys() == {"error_code", "developer_message"}
    elif response.headers["Content-Type"] == "application/json":
        assert isinstance(response.json(), list | dict)


@wild
@given(st.sampled_from(RESOURCES), course_ids, parameters, accepted, st.booleans())
@example("enrollment", "A/B/C", {"start_date": "0001-01-01", "end_date": "9999-12-31"}, "*/*", True)
def test_any_question_about_a_course(
    served: Served,
    resource: str,
    course_id: str,
    asked: dict[str, str],
    accept: str,
    encoded: bool,
) -> None:
    path = quote(course_id, safe="" if encoded else "/:+|", errors="replace")

    check(
        served.get(f"/api/v0/courses/{path}/{resource}/", params=asked, headers={"Accept": accept})
    )


@wild
@given(
    st.sampled_from(
        (
            "videos/{}/timeline",
            "problems/{}/answer_distribution",
            "problems/{}/grade_distribution",
            "problems/{}/sequential_open_distribution",
            "learners/{}",
            "engagement_timelines/{}",
            "course_learner_metadata/{}",
            "courses/a/b/c/reports/{}",
        )
    ),
    texts,
    parameters,
    accepted,
)
def test_any_question_about_a_part_of_a_course(
    served: Served, resource: str, name: str, asked: dict[str, str], accept: str
) -> None:
    path = f"/api/v1/{resource.format(quote(name, safe='/:+|'))}/"

    check(served.get(path, params=asked, headers={"Accept": accept}))


@wild
@given(
    st.sampled_from(("course_summaries", "course_totals", "learners", "programs", "runs")),
    parameters,
    accepted,
)
def test_any_question_about_all_courses(
    served: Served, resource: str, asked: dict[str, str], accept: str
) -> None:
    check(served.get(f"/api/v1/{resource}/", params=asked, headers={"Accept": accept}))


@wild
@given(st.sampled_from(("course_summaries", "course_totals", "programs")), bodies)
def test_any_question_in_a_body(served: Served, resource: str, body: object) -> None:
    headers = {"Content-Type": "application/json"}

    check(served.post(f"/api/v0/{resource}/", data=json.dumps(body), headers=headers))
