"""Support of listed schools (поддержка школ): targets of programmes and plans of events."""
