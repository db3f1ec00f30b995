-- What the head and the branches all write, in PostgreSQL: customers and stock, for tables with direction: shared. The
-- same tables at both ends, with keys that mean the same there.

CREATE TABLE customer (
    id bigint PRIMARY KEY,
    name text NOT NULL,
    phone text,
    email text
);

CREATE TABLE item (
    product text PRIMARY KEY,
    stock integer NOT NULL
);
