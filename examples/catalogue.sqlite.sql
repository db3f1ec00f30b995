-- What the head writes, in SQLite: prices for all branches, and transfer notes, each for the branch that branch_id
-- names. The same tables at both ends; at a branch only Trunkline writes them.
--
-- A type that ends in _TEXT keeps a value as the text that it is; NUMERIC would make a float of it.

CREATE TABLE price (
    product TEXT PRIMARY KEY NOT NULL,
    price DECIMAL_TEXT(12,2) NOT NULL
);

CREATE TABLE transfer_note (
    id INTEGER PRIMARY KEY,
    branch_id TEXT NOT NULL,
    product TEXT NOT NULL,
    qty INTEGER NOT NULL
);
