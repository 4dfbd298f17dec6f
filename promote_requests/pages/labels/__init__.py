"""Labels on the pages."""
