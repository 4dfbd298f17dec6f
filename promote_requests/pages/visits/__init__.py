"""What is new on a page since its reader looked last."""
