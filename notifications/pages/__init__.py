"""The pages of those who manage what is sent: webhooks, their deliveries, and what waits."""
