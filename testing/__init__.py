"""What tests share: people and requests, the table of doors, real servers, raw clients. Nothing else imports it."""
