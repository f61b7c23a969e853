-- One file for a whole saga. Rows that belong to one order lie side by side, under the order's number, so that a commit of many orders touches few pages
-- however many orders are stored.

CREATE TABLE order_number (
    number INTEGER PRIMARY KEY,
    order_id TEXT NOT NULL UNIQUE
);

CREATE TABLE participant (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

-- Streams, append-only. place = number << 20 | participant << 16 | entries so far; the newest row of a stream also holds what is true of the whole.
CREATE TABLE entry (
    place INTEGER PRIMARY KEY,
    version INTEGER NOT NULL,
    size INTEGER NOT NULL,
    body BLOB,
    parked BLOB
);

CREATE TABLE unconfirmed (
    participant INTEGER NOT NULL,
    since INTEGER NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (participant, since, number)
) WITHOUT ROWID;

-- Orders' lists. Moments are ticks in UTC.
CREATE TABLE summary (
    number INTEGER PRIMARY KEY,
    participant INTEGER NOT NULL,
    placed_at INTEGER NOT NULL,
    status TEXT NOT NULL,
    facts INTEGER NOT NULL,
    customer TEXT NOT NULL,
    idempotency_key TEXT,
    parked_since INTEGER,
    body BLOB NOT NULL
);
CREATE INDEX summary_placed_at ON summary (placed_at, number);
CREATE INDEX summary_status ON summary (status, placed_at, number);
CREATE INDEX summary_customer ON summary (customer);
CREATE INDEX summary_key ON summary (idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX summary_parked ON summary (parked_since) WHERE parked_since IS NOT NULL;

-- Final orders only ever become more; the few that are open are counted by their index.
CREATE TABLE final_count (
    status TEXT NOT NULL,
    facts INTEGER NOT NULL,
    orders INTEGER NOT NULL,
    PRIMARY KEY (status, facts)
) WITHOUT ROWID;

-- The bus: one row per message and subscription that has not completed it.
CREATE TABLE message (
    sequence INTEGER PRIMARY KEY,
    subscription TEXT NOT NULL,
    id TEXT NOT NULL,
    order_id TEXT NOT NULL,
    type TEXT NOT NULL,
    body BLOB NOT NULL,
    causation_id TEXT,
    trace_parent TEXT,
    enqueued_at INTEGER NOT NULL,
    due INTEGER,
    deliveries INTEGER NOT NULL DEFAULT 0,
    dead_reason TEXT,
    dead_description TEXT
);

-- What was accepted within the duplicate window: 16 bytes of each message's hashed id.
CREATE TABLE accepted (
    row INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    ids BLOB NOT NULL
);

CREATE TABLE stock (
    id INTEGER PRIMARY KEY,
    warehouse TEXT NOT NULL,
    sku TEXT NOT NULL,
    received INTEGER NOT NULL,
    available INTEGER NOT NULL CHECK (available >= 0),
    reserved INTEGER NOT NULL CHECK (reserved >= 0),
    consumed INTEGER NOT NULL CHECK (consumed >= 0),
    UNIQUE (warehouse, sku),
    CHECK (available + reserved + consumed = received)
);

-- Never deleted: the first answer is the answer for ever.
CREATE TABLE reservation (
    number INTEGER NOT NULL,
    warehouse TEXT NOT NULL,
    state TEXT NOT NULL,
    lines BLOB NOT NULL,
    short BLOB,
    PRIMARY KEY (number, warehouse)
) WITHOUT ROWID;

-- The simulated outside. A row is one thing that was done; the keys of rows older than a day are forgotten.
CREATE TABLE card_charge (
    id INTEGER PRIMARY KEY,
    number INTEGER NOT NULL,
    key TEXT NOT NULL,
    at INTEGER NOT NULL,
    token TEXT NOT NULL,
    amount TEXT NOT NULL,
    currency TEXT NOT NULL,
    declined TEXT,
    answers INTEGER NOT NULL
);
CREATE INDEX card_charge_number ON card_charge (number);

CREATE TABLE card_refund (
    id INTEGER PRIMARY KEY,
    number INTEGER NOT NULL,
    key TEXT NOT NULL,
    at INTEGER NOT NULL,
    charge_id TEXT NOT NULL,
    amount TEXT NOT NULL,
    currency TEXT NOT NULL
);
CREATE INDEX card_refund_number ON card_refund (number);

CREATE TABLE booking (
    id INTEGER PRIMARY KEY,
    number INTEGER NOT NULL,
    key TEXT NOT NULL,
    at INTEGER NOT NULL,
    promised_by INTEGER,
    picked_up_at INTEGER,
    told_at INTEGER,
    refused TEXT,
    cancelled INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX booking_number ON booking (number);
-- Pick-ups that are not yet acknowledged.
CREATE INDEX booking_told_at ON booking (told_at) WHERE told_at IS NOT NULL;

CREATE TABLE notice (
    id INTEGER PRIMARY KEY,
    number INTEGER NOT NULL,
    key TEXT NOT NULL,
    at INTEGER NOT NULL,
    customer TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX notice_number ON notice (number);

-- What an operator has set.
CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
