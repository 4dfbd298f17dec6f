"""The API's part of the conversation."""
