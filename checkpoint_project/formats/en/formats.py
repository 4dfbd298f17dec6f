"""The time zone is part of the format, because `TIME_ZONE` is UTC and nothing activates another."""

DATE_FORMAT = "Y-m-d"
TIME_FORMAT = r"H:i:s \U\T\C"
DATETIME_FORMAT = r"Y-m-d H:i:s \U\T\C"
