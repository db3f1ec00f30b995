-- What the head and the branches all write, in SQLite: customers and stock, for tables with direction: shared. The same
-- tables at both ends, with keys that mean the same there.

CREATE TABLE customer (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    phone TEXT,
    email TEXT
);

CREATE TABLE item (
    product TEXT PRIMARY KEY NOT NULL,
    stock INTEGER NOT NULL
);
