"""How dates are written: day first, and the month by its name, so that nobody mistakes one."""

DATE_FORMAT = "j M Y"
DATETIME_FORMAT = "j M Y, H:i"
SHORT_DATE_FORMAT = "j M"
