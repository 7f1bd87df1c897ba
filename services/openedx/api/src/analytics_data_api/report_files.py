"""Reports that are CSV files: where the pipeline leaves them, and links to them.

A link is good for a short while and for everybody who has it: a browser that opens it has no token.
It is signed, and names course and report, never a path.
"""

from __future__ import annotations

import csv
import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import TYPE_CHECKING

from defusedcsv import csv as harmless_csv
from django.conf import settings
from django.core import signing
from opaque_keys.edx.keys import CourseKey

from analytics_data_api.exceptions import (
    CannotCreateReportDownloadLink,
    ReportFileNotFound,
    ReportLinkExpired,
    ReportLinkInvalid,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIFETIME = timedelta(minutes=2)
"""How long a link is good, as upstream has it."""

_SALT = "analytics_data_api.report_files"
_LONGEST_NAME = 150  # characters of a course in a file's name
_PIECE = 2**16  # characters

_ENGAGEMENT = {
    f"student_engagement_{kind}": f"student_engagement/{kind}/{{digest}}/*.csv"
    for kind in ("daily", "weekly", "all")
}
_PATTERNS = {"problem_response": "{course}_problem_response.csv", **_ENGAGEMENT}

NAMES = tuple(_PATTERNS)


@dataclass(frozen=True)
class ReportFile:
    """The newest file of a report on a course."""

    course_id: str
    report_name: str
    path: Path

    @classmethod
    def find(cls, course_id: str, report_name: str) -> ReportFile:
        """The file of a report.

        Raises:
            CannotCreateReportDownloadLink: this server has no reports of that kind at all.
            ReportFileNotFound: there is none on this course, or no report of this name.
        """
        if settings.REPORT_FILES is None:
            raise CannotCreateReportDownloadLink
        if report_name not in _PATTERNS:
            raise ReportFileNotFound(course_id, report_name)
        pattern = _PATTERNS[report_name].format(
            course=_as_file_name(course_id), digest=hashlib.sha1(course_id.encode()).hexdigest()
        )
        # Names end with a date, where there are several.
        paths = sorted(settings.REPORT_FILES.glob(pattern))
        if not paths:
            raise ReportFileNotFound(course_id, report_name)
        return cls(course_id, report_name, paths[-1])

    @property
    def last_modified(self) -> datetime:
        """When the pipeline wrote it, in UTC."""
        return datetime.fromtimestamp(int(self.path.stat().st_mtime), UTC).replace(tzinfo=None)

    @property
    def size(self) -> int:
        """Its bytes; a download may have some more, that keep cells from being formulas."""
        return self.path.stat().st_size

    @property
    def download_name(self) -> str:
        """The name under which it is saved."""
        written = self.last_modified.strftime("%Y%m%dT%H%M%SZ")
        return f"{_as_file_name(self.course_id)}-{self.report_name}-{written}.csv"

    def content(self) -> Iterator[str]:
        """Its text, with no cell that a spreadsheet would run; in pieces, however long it is."""
        with self.path.open(encoding="utf-8", newline="") as file:
            text = StringIO()
            writer = harmless_csv.writer(text)
            for row in csv.reader(file):
                writer.writerow(row)
                if text.tell() > _PIECE:
                    yield text.getvalue()
                    text.seek(0)
                    text.truncate()
            yield text.getvalue()


def sign(course_id: str, report_name: str) -> tuple[str, datetime]:
    """What a link to a report says, and until when it is good, in UTC."""
    expires = datetime.now(UTC).replace(tzinfo=None) + LIFETIME
    return signing.dumps([course_id, report_name], salt=_SALT), expires


def read(link: str) -> ReportFile:
    """The file that a link leads to.

    Raises:
        ReportLinkExpired: it was good once.
        ReportLinkInvalid: it is not ours.
        ReportFileNotFound: its report is there no more.
    """
    try:
        course_id, report_name = signing.loads(link, salt=_SALT, max_age=LIFETIME)
    except signing.SignatureExpired:
        raise ReportLinkExpired from None
    except signing.BadSignature:
        raise ReportLinkInvalid from None
    return ReportFile.find(course_id, report_name)


def _as_file_name(course_id: str) -> str:
    """A course as part of a file's name, as the pipeline writes it and upstream had it."""
    name = re.sub(r"[^\w.\-]", "_", CourseKey.from_string(course_id)._to_string(), flags=re.ASCII)
    if len(name) <= _LONGEST_NAME:
        return name
    return f"{name[:_LONGEST_NAME]}-{hashlib.sha1(course_id.encode()).hexdigest()}"
