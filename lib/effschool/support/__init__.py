"""Support of listed schools (поддержка школ): paths and plans → which targets are met, which events are due.

For others: `participants` (schools of projects), `programmes` (files of targets), `targets` (plan and fact),
`roadmap` (events of a plan), `management` (the management cycle), `context` (what schools work in, their teachers).
"""
