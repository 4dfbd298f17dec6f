"""`TIME_ZONE` is UTC and nothing activates another, so the zone can stand in the format."""

DATE_FORMAT = "Y-m-d"
TIME_FORMAT = r"H:i:s \U\T\C"
DATETIME_FORMAT = r"Y-m-d H:i:s \U\T\C"
