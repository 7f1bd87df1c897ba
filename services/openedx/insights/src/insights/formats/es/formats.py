"""How dates are written: as in English, with the month in lower case, as Spanish has it.

Django's own formats say how numbers are: a decimal comma, and a space that does not break between
thousands, which reads the same in Spain and in the Americas.
"""

DATE_FORMAT = "j b Y"
DATETIME_FORMAT = "j b Y, H:i"
SHORT_DATE_FORMAT = "j b"
