"""What the API says of itself is so: every path, parameter, answer and error."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import jsonschema
import pytest
import requests

from tasks.lib.local import applications
from tasks.lib.local.secrets import Secrets

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from served import Served

COURSE = "course-v1:Ex+Nobody+T1"
# Where a path leads if nothing is known of what it is about.
VARIABLES = {
    "course_id": COURSE,
    "module_id": "block-v1:x",
    "pipeline_video_id": "x|y",
    "username": "ann",
    "report_name": "problem_response",
    "link": "x",
    "enterprise_customer": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
}


@pytest.fixture(scope="module")
def document(served: Served) -> dict[str, Any]:
    response = requests.get(f"{served.api.root}/docs/openapi.json", timeout=60)
    assert response.status_code == 200
    content: dict[str, Any] = response.json()
    return content


Operation = tuple[str, str, dict[str, Any]]


@pytest.fixture(scope="module")
def operations(document: dict[str, Any]) -> list[Operation]:
    """Method, path and description of everything that can be asked."""
    return [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def filled(path: str, **variables: str) -> str:
    """A path with its variables filled in."""
    values = {**VARIABLES, **variables}
    return re.sub(r"\{(\w+)\}", lambda found: quote(values[found[1]], safe=""), path)


def question(operation: dict[str, Any]) -> dict[str, str]:
    """What has to be asked beside the path."""
    required = [p for p in operation.get("parameters", ()) if p.get("required")]
    return {p["name"]: COURSE for p in required if p["in"] == "query"}


def documented(document: dict[str, Any], operation: dict[str, Any], status: int) -> dict[str, str]:
    """The examples of an answer's errors: message by code."""
    answer = operation["responses"].get(str(status), {})
    shared = document["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    examples = shared["content"]["application/json"]["examples"].values()
    return {e["value"]["error_code"]: e["value"]["developer_message"] for e in examples}


COUNT = """
from analytics_data_api.urls import documented
print(sum(len(getattr(path, "url_patterns", [path])) for path in documented))
"""


def test_every_path_is_documented(document: dict[str, Any], served: Served) -> None:
    application = applications.data_api(served.data, Secrets.of(served.data))

    count = application.manage("shell", "--verbosity=0", "--command", COUNT)

    assert len(document["paths"]) == int(count)


def test_both_versions_have_the_same_paths_but_one(
    operations: list[Operation], served: Served
) -> None:
    for method, path, operation in operations:
        if path.startswith("/api/v0/"):
            asked = filled(path.replace("/v0/", "/v1/"))
            response = served.request(method, asked, params=question(operation))
            is_missing = response.status_code == 404 and (
                response.json()["error_code"] == "not_found"
            )
            assert is_missing == path.endswith("/birth_year/")


def test_parameters_and_members_have_a_meaning(operations: list[Operation]) -> None:
    for method, path, operation in operations:
        assert operation["summary"], path
        for parameter in operation.get("parameters", ()):
            assert parameter["description"].endswith((".", "304.")), (path, parameter["name"])
        if method == "POST":
            body = operation["requestBody"]["content"]["application/json"]["schema"]
            assert all(member["description"] for member in body["properties"].values())


def needs_token(path: str) -> bool:
    return not path.endswith(("/status/", "/health/")) and "report_files" not in path


@pytest.mark.parametrize(
    ("headers", "code"),
    [({}, "not_authenticated"), ({"Authorization": "Token x"}, "authentication_failed")],
)
def test_everything_needs_a_token_that_is_valid(
    headers: dict[str, str], code: str, operations: list[Operation], document: Any, served: Served
) -> None:
    for method, path, operation in operations:
        if not needs_token(path):
            continue
        response = requests.request(
            method, f"{served.api.root}{filled(path)}", headers=headers, timeout=30
        )
        assert response.status_code == 401, path
        message = documented(document, operation, 401)[code]
        assert response.json() == {"error_code": code, "developer_message": message}


def test_format_that_is_not_served(
    operations: list[Operation], document: Any, served: Served
) -> None:
    for method, path, operation in operations:
        response = served.request(method, filled(path), headers={"Accept": "text/html"})
        assert response.status_code == 406
        message = documented(document, operation, 406)["not_acceptable"]
        assert response.json()["developer_message"] == message, path


def test_methods_that_are_not_allowed(operations: list[Operation], served: Served) -> None:
    allowed: dict[str, set[str]] = {}
    for method, path, _ in operations:
        allowed.setdefault(path, set()).add(method)
    for path, methods in allowed.items():
        for method in {"POST", "PUT", "PATCH", "DELETE", "OPTIONS"} - methods:
            response = served.request(method, filled(path))
            assert (response.status_code, response.json()["error_code"]) == (
                405,
                "method_not_allowed",
            ), (method, path)


def test_member_that_nobody_knows(operations: list[Operation], served: Served) -> None:
    asked = 0
    for method, path, operation in operations:
        names = {p["name"] for p in operation.get("parameters", ())}
        if "fields" in names or method == "POST":
            unknown = {"fields": "shoe_size", **question(operation)}
            response = served.request(method, filled(path), params=unknown)
            assert (response.status_code, response.json()["error_code"]) == (
                400,
                "illegal_parameter_values",
            ), path
            asked += 1
    assert asked > 20


@pytest.mark.parametrize(
    ("course_id", "code"), [("nonsense", "course_key_malformed"), ("", "course_not_specified")]
)
def test_course_that_is_none(
    course_id: str, code: str, operations: list[Operation], document: Any, served: Served
) -> None:
    asked = 0
    for method, path, operation in operations:
        if method == "GET" and ("{course_id}" in path or "course_id" in question(operation)):
            asked_of = filled(path, course_id=course_id)
            response = served.get(asked_of, params={"course_id": course_id})
            assert response.status_code == 400, path
            message = documented(document, operation, 400)[code]
            assert response.json() == {"error_code": code, "developer_message": message}
            asked += 1
    assert asked > 15


def test_where_there_is_nothing(operations: list[Operation], document: Any, served: Served) -> None:
    for method, path, operation in operations:
        if "{" not in path:
            continue
        response = served.request(method, filled(path), params=question(operation))
        assert response.status_code in (200, 404, 501), path
        if response.status_code != 200:
            codes = documented(document, operation, response.status_code)
            assert response.json()["error_code"] in codes, path


def test_answers_are_as_documented(
    operations: list[Operation], document: Any, served: Served
) -> None:
    """With what the sample site has of each, as a whole and with one member alone."""
    video, course = known(served)
    answered = 0
    for _, path, operation in operations:
        if "{" in path and not path.startswith(("/api/v0/courses/", "/api/v0/videos/")):
            continue
        response = served.get(
            filled(path, course_id=course, pipeline_video_id=video), params=question(operation)
        )
        if response.status_code != 200 or not response.content:
            continue
        answer = document["components"]["responses"][
            operation["responses"]["200"]["$ref"].rpartition("/")[2]
        ]
        schema = in_json_schema(answer["content"]["application/json"]["schema"])
        schema["components"] = in_json_schema(document["components"])
        jsonschema.validate(response.json(), schema, jsonschema.Draft202012Validator)
        answered += 1
    assert answered > 15


def known(served: Served) -> tuple[str, str]:
    """A video of the sample site, and its course."""
    [row] = served.select("SELECT min(pipeline_video_id) AS id FROM video")
    return row["id"], row["id"].partition("|")[0]


def in_json_schema(schema: Any) -> Any:
    """A schema of OpenAPI 3.0 in the words of JSON Schema."""
    if isinstance(schema, list):
        return [in_json_schema(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: in_json_schema(value) for name, value in schema.items() if name != "nullable"}
    return {"anyOf": [inner, {"type": "null"}]} if schema.get("nullable") is True else inner


@pytest.mark.parametrize("path", ["docs/", "docs/?script=", "docs/openapi.json", "health/", "x/"])
def test_no_answer_sets_a_cookie(path: str, served: Served) -> None:
    response = requests.get(f"{served.api.root}/{path}", timeout=60)

    assert "Set-Cookie" not in response.headers


def test_pages_of_the_documentation_need_nothing_from_elsewhere(
    browser: Browser, served: Served
) -> None:
    page = browser.new_page()
    asked: list[str] = []
    wrong: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else 0)
    page.on("pageerror", lambda error: wrong.append(str(error)))

    page.goto(f"{served.api.root}/docs/")
    page.get_by_text("/api/v0/course_totals/").first.wait_for(timeout=60_000)

    assert not wrong
    assert all(url.startswith((served.api.root, "data:")) for url in asked)
    page.close()
