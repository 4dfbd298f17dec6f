"""When a reader looked at a request, and what is new since."""

from promote_requests.services.visiting.looking import last_look, look
from promote_requests.services.visiting.news import News, news_since

__all__ = ["News", "last_look", "look", "news_since"]
