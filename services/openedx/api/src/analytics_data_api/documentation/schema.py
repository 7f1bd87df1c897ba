"""How views become OpenAPI: from their docstrings, parameters, serializers and errors."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from http import HTTPStatus
from inspect import getdoc
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework import serializers
from rest_framework.exceptions import (
    APIException,
    AuthenticationFailed,
    NotAcceptable,
    NotAuthenticated,
    ParseError,
    Throttled,
)

from analytics_data_api.documentation import parameters
from analytics_data_api.exceptions import (
    ApiDatabaseUnavailable,
    IllegalParameterValue,
    ReportsDatabaseUnavailable,
)
from analytics_data_api.serializers import ChosenFields, ErrorSerializer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Schema = dict[str, Any]

_MOMENT = {
    "type": "string",
    "pattern": r"^\d{4}-\d{2}-\d{2}T\d{6}$",
    "example": "2026-01-31T040506",
    "description": "UTC",
}
_OF_ALL = (
    NotAuthenticated(),
    AuthenticationFailed("Invalid token."),
    Throttled(wait=7),
    ApiDatabaseUnavailable(),
)
_OF_REPORTS = (
    IllegalParameterValue("fields", "shoe_size", "count or course_id or created or date"),
    ReportsDatabaseUnavailable("The reports database is locked by another program: try again."),
)
_OF_BODIES = (ParseError("The body is a JSON object with a member for each parameter."),)
_RUN = OpenApiParameter(
    "X-Pipeline-Run",
    str,
    OpenApiParameter.HEADER,
    description="The run of the pipeline that the answer is of.",
    response=True,
)
_CONDITIONS = (
    OpenApiParameter(
        "If-None-Match",
        str,
        OpenApiParameter.HEADER,
        description="The ETag of an answer that is there already; if it still is the answer: 304.",
    ),
    OpenApiParameter(
        "If-Modified-Since",
        str,
        OpenApiParameter.HEADER,
        description="The Last-Modified of one, for the same.",
    ),
)
_VALIDATORS = tuple(
    OpenApiParameter(name, str, OpenApiParameter.HEADER, description=meaning, response=[200, 304])
    for name, meaning in (
        ("ETag", "What tells this answer from others; to be sent as If-None-Match."),
        ("Last-Modified", "When the run ended."),
    )
)


class Documentation(AutoSchema):
    """Describes a view.

    Of views that show reports it looks at `parameters`, `serializer_class`, `shape` and `errors`.
    """

    @property
    def _shows_reports(self) -> bool:
        return hasattr(self.view, "shape")

    def get_operation_id(self) -> str:
        """From method and path, each of which are unique together."""
        return f"{self.method.lower()}_{re.sub(r'[^a-z0-9]+', '_', self.path).strip('_')}"

    def get_tags(self) -> list[str]:
        """The kind of thing that the path is about."""
        of_version = re.match(r"/api/v\d/(\w+)", self.path)
        subject = of_version and of_version[1]
        return [subject if subject and self._shows_reports else "service"]

    def get_summary(self) -> str:
        """The first sentence."""
        return self._text().partition("\n\n")[0].partition(". ")[0].rstrip(".")

    def get_description(self) -> str:
        """All that the view says of itself."""
        return self._text()

    def _text(self) -> str:
        paragraphs = (getdoc(type(self.view)) or "").replace("``", "`").split("\n\n")
        return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)

    def get_override_parameters(self) -> list[Any]:
        """Those of the path, of the URL, and the headers of answers."""
        found = [
            meaning for name, meaning in parameters.IN_PATHS.items() if f"{{{name}}}" in self.path
        ]
        if self._shows_reports:
            found += [_RUN] if self.method == "POST" else [*self._asked(), _RUN]
            if self.method == "GET" and self.view.changes_with_runs_alone:
                found += [*_CONDITIONS, *_VALIDATORS]
        return found

    def _asked(self) -> Iterator[OpenApiParameter]:
        """What can be asked for: in the URL, or in the body of a POST."""
        names = list(self.view.serializer_class().fields)
        for parameter in self.view.parameters:
            is_in_path = parameter.name in self.path
            if not is_in_path:
                yield parameter
        yield parameters.fields(names)
        if self.view.can_exclude:
            yield parameters.exclude(names)

    def get_request_serializer(self) -> Any:
        """The body of a POST: its members are what a GET has in its URL."""
        if self.method != "POST":
            return None
        return {
            "application/json": {
                "type": "object",
                "properties": {
                    parameter.name: parameters.in_body(parameter) for parameter in self._asked()
                },
            }
        }

    def get_response_serializers(self) -> dict[Any, Any]:
        """The answer, as JSON and as CSV, and every error."""
        errors = dict(_by_status(self._errors()))
        if not self._shows_reports:
            return {**self.view.answers, **errors}
        item = self.resolve_serializer(self.view.serializer_class, "response").ref
        answers: dict[Any, Any] = {
            (HTTPStatus.OK, "application/json"): _SHAPES[self.view.shape](item),
            (HTTPStatus.OK, "text/csv"): OpenApiTypes.STR,
        }
        if self.method == "GET" and self.view.changes_with_runs_alone:
            answers[HTTPStatus.NOT_MODIFIED] = OpenApiResponse(
                description="The answer that is there already is still the answer."
            )
        return answers | errors

    def _errors(self) -> Iterator[APIException]:
        forms = " or ".join(renderer.media_type for renderer in self.view.renderer_classes)
        yield NotAcceptable(f"This resource is served as {forms} only.")
        if self.view.authentication_classes:
            yield from _OF_ALL
        if self._shows_reports:
            yield from _OF_REPORTS
        if self.method == "POST":
            yield from _OF_BODIES
        yield from getattr(self.view, "errors", ())

    def _map_serializer_field(self, field: Any, direction: str, *args: Any, **more: Any) -> Schema:
        if isinstance(field, serializers.DateTimeField):
            return {**_MOMENT, "nullable": True} if field.allow_null else dict(_MOMENT)
        schema: Schema = super()._map_serializer_field(  # type: ignore[no-untyped-call]
            field, direction, *args, **more
        )
        return schema

    def _map_basic_serializer(self, serializer: Any, direction: str) -> Schema:
        schema: Schema = super()._map_basic_serializer(  # type: ignore[no-untyped-call]
            serializer, direction
        )
        if isinstance(serializer, ChosenFields):
            # Each of them may be left out by the parameter `fields`.
            schema.pop("required", None)
        return schema


def share_responses(result: Schema, **_of_generator: Any) -> Schema:
    """Describe what several paths answer alike, such as errors, once."""
    shared: dict[str, Schema] = {}
    for operations in result["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                digest = sha256(json.dumps(response, sort_keys=True).encode()).hexdigest()[:8]
                name = f"{HTTPStatus(int(status)).name.title().replace('_', '')}-{digest}"
                shared[name] = response
                operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}
    result["components"]["responses"] = shared
    return result


def _by_status(errors: Iterable[APIException]) -> Iterator[tuple[tuple[int, str], OpenApiResponse]]:
    """Errors with the same status are one answer with several examples."""
    ordered = sorted(errors, key=attrgetter("status_code"))
    for status, group in groupby(ordered, attrgetter("status_code")):
        examples = [
            OpenApiExample(
                error.get_codes(),
                {"error_code": error.get_codes(), "developer_message": str(error.detail)},
                response_only=True,
                status_codes=[str(int(status))],
            )
            for error in group
        ]
        codes = ", ".join(dict.fromkeys(example.name for example in examples))
        response = OpenApiResponse(ErrorSerializer, description=codes, examples=examples)
        yield (int(status), "application/json"), response


def _list(item: Schema) -> Schema:
    return {"type": "array", "items": item}


def _page(item: Schema) -> Schema:
    link = {"type": "string", "format": "uri", "nullable": True}
    members = {
        "count": {"type": "integer", "description": "Items on all pages."},
        "num_pages": {"type": "integer"},
        "next": link,
        "previous": link,
        "results": _list(item),
    }
    return {"type": "object", "properties": members, "required": [*members]}


def _days(item: Schema) -> Schema:
    return {"type": "object", "properties": {"days": _list(item)}, "required": ["days"]}


_SHAPES = {
    "list": _list,
    "object": lambda item: item,
    "page": _page,
    "list or page": lambda item: {"oneOf": [_list(item), _page(item)]},
    "days": _days,
}
