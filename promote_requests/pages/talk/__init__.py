"""The pages' part of the conversation: threads as they are shown, and the forms that they have."""
