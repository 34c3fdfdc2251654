-- SPDX-License-Identifier: MIT
-- The journal, version 1. Run once, in one transaction, on an empty database.
-- What is here is in the field and never edited: a change is a migration of
-- its own, added to the list in store_sqlite_open.c. Comments start a line.

PRAGMA application_id = 1650553966;
PRAGMA user_version = 1;

-- A child: an internal id that is never used again, and nothing else. Who it
-- is, its identifiers say.
CREATE TABLE child (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	first_sequence INTEGER NOT NULL
) STRICT;

-- Identifiers as dated aliases of a child: key as of contract_child_key(),
-- dated by the events that first and last named it.
CREATE TABLE child_identifier (
	key TEXT NOT NULL PRIMARY KEY,
	child INTEGER NOT NULL REFERENCES child (id),
	first_sequence INTEGER NOT NULL,
	last_sequence INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What was accepted, as it came. The body is last, so that the columns before
-- it are read without it.
CREATE TABLE event (
	sequence INTEGER PRIMARY KEY CHECK (sequence > 0),
	child INTEGER NOT NULL REFERENCES child (id),
	family INTEGER NOT NULL,
	action INTEGER NOT NULL,
	occurred_at_ms INTEGER NOT NULL,
	accepted_at_ms INTEGER NOT NULL,
	partner TEXT NOT NULL,
	source TEXT NOT NULL,
	id TEXT NOT NULL,
	digest BLOB NOT NULL CHECK (length(digest) = 32),
	chain BLOB NOT NULL CHECK (length(chain) = 32),
	body BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX event_source_id ON event (source, id);

-- The sequence is the row's id, which every index ends with.
CREATE INDEX event_child ON event (child);

-- The first event that was accepted later than all before it, by time: finds
-- an event by time without an index over all, and stands clocks that jump
-- back.
CREATE TABLE event_time (
	accepted_at_ms INTEGER PRIMARY KEY,
	sequence INTEGER NOT NULL
) STRICT;

-- Where the journal ends: one row, written with every commit that appends, so
-- that a sequence is never used again whatever is deleted. Probes are the
-- writes that mean nothing.
CREATE TABLE head (
	id INTEGER PRIMARY KEY CHECK (id = 1),
	sequence INTEGER NOT NULL,
	events INTEGER NOT NULL,
	children INTEGER NOT NULL,
	chain BLOB NOT NULL CHECK (length(chain) = 32),
	probes INTEGER NOT NULL
) STRICT;

INSERT INTO head (id, sequence, events, children, chain, probes)
VALUES (1, 0, 0, 0, zeroblob(32), 0);

CREATE TABLE subscription (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	partner TEXT NOT NULL,
	name TEXT NOT NULL,
	families INTEGER NOT NULL,
	child INTEGER REFERENCES child (id),
	child_key TEXT NOT NULL,
	position INTEGER NOT NULL,
	created_at_ms INTEGER NOT NULL,
	UNIQUE (partner, name)
) STRICT;

CREATE TABLE subscription_source (
	subscription INTEGER NOT NULL
		REFERENCES subscription (id) ON DELETE CASCADE,
	place INTEGER NOT NULL,
	source TEXT NOT NULL,
	PRIMARY KEY (subscription, place)
) STRICT, WITHOUT ROWID;

-- Lanes that differ from what their subscription's position says.
CREATE TABLE lane (
	subscription INTEGER NOT NULL
		REFERENCES subscription (id) ON DELETE CASCADE,
	child INTEGER NOT NULL REFERENCES child (id),
	settled_to INTEGER NOT NULL,
	state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 2),
	behind INTEGER NOT NULL CHECK (behind IN (0, 1)),
	held_sequence INTEGER NOT NULL,
	attempts INTEGER NOT NULL,
	retry_at_ms INTEGER NOT NULL,
	parked_at_ms INTEGER NOT NULL,
	reason TEXT NOT NULL,
	PRIMARY KEY (subscription, child)
) STRICT, WITHOUT ROWID;

-- Lanes that the position overtakes and that then go.
CREATE INDEX lane_flowing ON lane (subscription, settled_to)
WHERE state = 0 AND behind = 0;
