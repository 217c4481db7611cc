"""What leaves the house after a release: mail, copies, alerts and webhooks, from one durable outbox."""
