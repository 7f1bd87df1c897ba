"""Every table of the warehouse and of the reports database, declared once, a module a subject.

A metric names the table that it fills; the engines create, check and describe tables from here
(the reports tables' indexes belong to the Data API's migrations, which a test holds against this
page). Types are SQL's; engines map them.
"""

from insights_pipeline.schema.activity import COURSE_ACTIVITY, USER_ACTIVITY
from insights_pipeline.schema.columns import Column, Table, Type
from insights_pipeline.schema.engagement import (
    LEARNER_ROSTER,
    MODULE_ENGAGEMENT,
    MODULE_ENGAGEMENT_METRIC_RANGES,
)
from insights_pipeline.schema.enrollment import (
    COURSE_ENROLLMENT_BIRTH_YEAR_DAILY,
    COURSE_ENROLLMENT_DAILY,
    COURSE_ENROLLMENT_EDUCATION_LEVEL_DAILY,
    COURSE_ENROLLMENT_GENDER_DAILY,
    COURSE_ENROLLMENT_MODE_DAILY,
    COURSE_ENROLLMENT_SUMMARY,
    COURSE_META_SUMMARY_ENROLLMENT,
    COURSE_PROGRAM_METADATA,
    ENROLLMENT_DAY,
    ENROLLMENT_EVENT,
    LEARNER_ENROLLMENT,
)
from insights_pipeline.schema.events import EVENTS
from insights_pipeline.schema.geography import COURSE_ENROLLMENT_LOCATION_CURRENT
from insights_pipeline.schema.grades import GRADE_DISTRIBUTION, SEQUENTIAL_OPEN_DISTRIBUTION
from insights_pipeline.schema.inputs import (
    AUTH_USER,
    AUTH_USERPROFILE,
    COURSE_BLOCKS,
    COURSE_CATALOG,
    COURSE_GROUPS_COURSEUSERGROUP,
    COURSE_GROUPS_COURSEUSERGROUP_USERS,
    COURSE_LIST,
    COURSEWARE_STUDENTMODULE,
    GRADES_PERSISTENTCOURSEGRADE,
    INPUTS,
    LMS,
    STUDENT_COURSEENROLLMENT,
)
from insights_pipeline.schema.problems import (
    ANSWER_DISTRIBUTION,
    PROBLEM_ANSWER,
    PROBLEM_CHECK,
    PROBLEM_CHECK_FLAW,
    PROBLEM_PLACE,
    PROBLEM_RESPONSE,
    PROBLEM_TALLY,
    TAGS_DISTRIBUTION,
)
from insights_pipeline.schema.student_engagement import (
    EVENTS_OF_DAY,
    LEARNER_ACTION,
    STUDENT_ENGAGEMENT_ALL,
    STUDENT_ENGAGEMENT_DAILY,
    STUDENT_ENGAGEMENT_LEARNER,
    STUDENT_ENGAGEMENT_WEEKLY,
    TOTAL_EVENTS_DAILY,
)
from insights_pipeline.schema.video import (
    VIDEO,
    VIDEO_EVENT,
    VIDEO_LENGTH,
    VIDEO_SEGMENT_USAGE,
    VIDEO_TIMELINE,
    VIDEO_VIEWING,
)

REPORTS: tuple[Table, ...] = (
    COURSE_ENROLLMENT_DAILY,
    COURSE_ENROLLMENT_MODE_DAILY,
    COURSE_ENROLLMENT_GENDER_DAILY,
    COURSE_ENROLLMENT_BIRTH_YEAR_DAILY,
    COURSE_ENROLLMENT_EDUCATION_LEVEL_DAILY,
    COURSE_META_SUMMARY_ENROLLMENT,
    COURSE_ACTIVITY,
    VIDEO,
    VIDEO_TIMELINE,
    ANSWER_DISTRIBUTION,
    TAGS_DISTRIBUTION,
    STUDENT_ENGAGEMENT_DAILY,
    STUDENT_ENGAGEMENT_WEEKLY,
)
"""What the Data API serves."""

FILES: tuple[Table, ...] = (
    PROBLEM_RESPONSE,
    PROBLEM_PLACE,
    STUDENT_ENGAGEMENT_ALL,
    STUDENT_ENGAGEMENT_LEARNER,
    TOTAL_EVENTS_DAILY,
)
"""What CSV files are written from, beside reports."""

FLAWS: tuple[Table, ...] = (PROBLEM_CHECK_FLAW,)
"""How many events have something that metrics cannot use, by what it is: `flaw`, `count`."""

HOME: tuple[Table, ...] = (*REPORTS, *FILES, *FLAWS)
"""What warehouse.duckdb keeps on either engine, row by row with the run that changed it."""

__all__ = [
    "ANSWER_DISTRIBUTION",
    "API",
    "AUTH_USER",
    "AUTH_USERPROFILE",
    "COURSEWARE_STUDENTMODULE",
    "COURSE_ACTIVITY",
    "COURSE_BLOCKS",
    "COURSE_CATALOG",
    "COURSE_ENROLLMENT_BIRTH_YEAR_DAILY",
    "COURSE_ENROLLMENT_DAILY",
    "COURSE_ENROLLMENT_EDUCATION_LEVEL_DAILY",
    "COURSE_ENROLLMENT_GENDER_DAILY",
    "COURSE_ENROLLMENT_LOCATION_CURRENT",
    "COURSE_ENROLLMENT_MODE_DAILY",
    "COURSE_ENROLLMENT_SUMMARY",
    "COURSE_GROUPS_COURSEUSERGROUP",
    "COURSE_GROUPS_COURSEUSERGROUP_USERS",
    "COURSE_LIST",
    "COURSE_META_SUMMARY_ENROLLMENT",
    "COURSE_PROGRAM_METADATA",
    "ENROLLMENT_DAY",
    "ENROLLMENT_EVENT",
    "EVENTS",
    "EVENTS_OF_DAY",
    "FILES",
    "FLAWS",
    "GRADES_PERSISTENTCOURSEGRADE",
    "GRADE_DISTRIBUTION",
    "HOME",
    "INPUTS",
    "LEARNER_ACTION",
    "LEARNER_ENROLLMENT",
    "LEARNER_ROSTER",
    "LMS",
    "MODULE_ENGAGEMENT",
    "MODULE_ENGAGEMENT_METRIC_RANGES",
    "PROBLEM_ANSWER",
    "PROBLEM_CHECK",
    "PROBLEM_CHECK_FLAW",
    "PROBLEM_PLACE",
    "PROBLEM_RESPONSE",
    "PROBLEM_TALLY",
    "REPORTS",
    "SEQUENTIAL_OPEN_DISTRIBUTION",
    "STUDENT_COURSEENROLLMENT",
    "STUDENT_ENGAGEMENT_ALL",
    "STUDENT_ENGAGEMENT_DAILY",
    "STUDENT_ENGAGEMENT_LEARNER",
    "STUDENT_ENGAGEMENT_WEEKLY",
    "TAGS_DISTRIBUTION",
    "TOTAL_EVENTS_DAILY",
    "USER_ACTIVITY",
    "VIDEO",
    "VIDEO_EVENT",
    "VIDEO_LENGTH",
    "VIDEO_SEGMENT_USAGE",
    "VIDEO_TIMELINE",
    "VIDEO_VIEWING",
    "Column",
    "Table",
    "Type",
]
