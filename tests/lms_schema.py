"""The LMS's tables that the pipeline reads, as a recent release has them, and as an old one had.

Beside the columns that are needed, others of theirs that are not, and that differ.
"""

from __future__ import annotations

_ID = "id INT AUTO_INCREMENT PRIMARY KEY"
_BIG_ID = "id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY"

RECENT = {
    "auth_user": f"""{_ID}, password VARCHAR(128) NOT NULL, last_login DATETIME(6),
        is_superuser TINYINT(1) NOT NULL DEFAULT 0, username VARCHAR(150) NOT NULL UNIQUE,
        first_name VARCHAR(150) NOT NULL DEFAULT '', last_name VARCHAR(150) NOT NULL DEFAULT '',
        email VARCHAR(254) NOT NULL UNIQUE, is_staff TINYINT(1) NOT NULL DEFAULT 0,
        is_active TINYINT(1) NOT NULL, date_joined DATETIME(6) NOT NULL""",
    "auth_userprofile": f"""{_ID}, name VARCHAR(255) NOT NULL DEFAULT '',
        meta LONGTEXT NOT NULL DEFAULT '', courseware VARCHAR(255) NOT NULL DEFAULT '',
        language VARCHAR(255) NOT NULL DEFAULT '', location VARCHAR(255) NOT NULL DEFAULT '',
        year_of_birth INT, gender VARCHAR(6), level_of_education VARCHAR(6),
        mailing_address LONGTEXT, city LONGTEXT, country VARCHAR(2), goals LONGTEXT,
        bio VARCHAR(3000), profile_image_uploaded_at DATETIME(6), phone_number VARCHAR(50),
        state VARCHAR(2), user_id INT NOT NULL UNIQUE""",
    "student_courseenrollment": f"""{_ID}, course_id VARCHAR(255) NOT NULL, created DATETIME(6),
        is_active TINYINT(1) NOT NULL, mode VARCHAR(100) NOT NULL, user_id INT NOT NULL,
        UNIQUE (user_id, course_id)""",
    "course_groups_courseusergroup": f"""{_ID}, name VARCHAR(255) NOT NULL,
        course_id VARCHAR(255) NOT NULL, group_type VARCHAR(20) NOT NULL""",
    "course_groups_courseusergroup_users": f"""{_ID}, courseusergroup_id INT NOT NULL,
        user_id INT NOT NULL""",
    "courseware_studentmodule": f"""{_BIG_ID}, module_type VARCHAR(32) NOT NULL,
        module_id VARCHAR(255) NOT NULL, course_id VARCHAR(255) NOT NULL, state LONGTEXT,
        grade DOUBLE, max_grade DOUBLE, done VARCHAR(8) NOT NULL DEFAULT 'na',
        created DATETIME(6) NOT NULL, modified DATETIME(6) NOT NULL, student_id INT NOT NULL""",
    "grades_persistentcoursegrade": f"""created DATETIME(6) NOT NULL, modified DATETIME(6) NOT NULL,
        {_BIG_ID}, user_id INT NOT NULL, course_id VARCHAR(255) NOT NULL,
        course_edited_timestamp DATETIME(6), course_version VARCHAR(255) NOT NULL,
        grading_policy_hash VARCHAR(255) NOT NULL, percent_grade DOUBLE NOT NULL,
        letter_grade VARCHAR(255) NOT NULL, passed_timestamp DATETIME(6)""",
    "enterprise_enterprisecustomeruser": f"""{_ID}, created DATETIME(6) NOT NULL,
        modified DATETIME(6) NOT NULL, user_id INT UNSIGNED NOT NULL,
        active TINYINT(1) NOT NULL DEFAULT 1, linked TINYINT(1) NOT NULL DEFAULT 1,
        enterprise_customer_id CHAR(32) NOT NULL, UNIQUE (enterprise_customer_id, user_id)""",
}

OLD = {
    "auth_user": f"""{_ID}, username VARCHAR(30) NOT NULL UNIQUE,
        first_name VARCHAR(30) NOT NULL DEFAULT '', last_name VARCHAR(30) NOT NULL DEFAULT '',
        email VARCHAR(75) NOT NULL, password VARCHAR(128) NOT NULL,
        is_staff TINYINT(1) NOT NULL DEFAULT 0, is_active TINYINT(1) NOT NULL,
        is_superuser TINYINT(1) NOT NULL DEFAULT 0, last_login DATETIME,
        date_joined DATETIME NOT NULL""",
    "auth_userprofile": f"""{_ID}, user_id INT NOT NULL UNIQUE,
        name VARCHAR(255) NOT NULL DEFAULT '', language VARCHAR(255) NOT NULL DEFAULT '',
        location VARCHAR(255) NOT NULL DEFAULT '', meta LONGTEXT NOT NULL DEFAULT '',
        courseware VARCHAR(255) NOT NULL DEFAULT '', gender VARCHAR(6), mailing_address LONGTEXT,
        year_of_birth INT, level_of_education VARCHAR(6),
        allow_certificate TINYINT(1) NOT NULL DEFAULT 1""",
    "student_courseenrollment": f"""{_ID}, user_id INT NOT NULL,
        course_id VARCHAR(255) COLLATE utf8mb4_bin NOT NULL, created DATETIME,
        is_active TINYINT(1) NOT NULL, mode VARCHAR(100) NOT NULL""",
    "course_groups_courseusergroup": f"""{_ID}, name VARCHAR(255) NOT NULL,
        course_id VARCHAR(255) NOT NULL, group_type VARCHAR(20) NOT NULL""",
    "course_groups_courseusergroup_users": f"""{_ID}, courseusergroup_id INT NOT NULL,
        user_id INT NOT NULL""",
    "courseware_studentmodule": f"""{_ID}, module_type VARCHAR(32) NOT NULL,
        module_id VARCHAR(255) COLLATE utf8mb4_bin NOT NULL, student_id INT NOT NULL,
        state LONGTEXT, grade DOUBLE, created DATETIME NOT NULL, modified DATETIME NOT NULL,
        max_grade DOUBLE, done VARCHAR(8) NOT NULL DEFAULT 'na', course_id VARCHAR(255) NOT NULL""",
}
"""Without course grades and enterprise customers, which came later."""
