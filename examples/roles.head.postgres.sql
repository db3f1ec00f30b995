-- The roles of the head's PostgreSQL database. To be run by a superuser, in that database, before `trunkline init`:
--
--   psql --single-transaction --file=roles.head.postgres.sql headoffice
--
-- owner     runs `trunkline init`: owns the schema trunkline, may read the tables that go down and put triggers on them, and
--           sees nothing else
-- service   runs the services and all other commands: writes the tables that come up, reads those that go down, keeps the
--           books
--
-- Name the accepted tables in the head's configuration as well (tables:). Then a table that a branch makes up is set
-- aside; without it, head-ingestor would try to create it.
--
-- Names of your own: --set=owner=… --set=service=…  Then give each a password with \password.

\if :{?owner} \else \set owner trunkline_owner \endif
\if :{?service} \else \set service trunkline_service \endif

CREATE ROLE :"owner" LOGIN;
CREATE ROLE :"service" LOGIN;

-- init asks for the schema even when it is there.
GRANT CREATE ON DATABASE :"DBNAME" TO :"owner";
CREATE SCHEMA trunkline AUTHORIZATION :"owner";
GRANT USAGE ON SCHEMA trunkline TO :"service";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA trunkline
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"service";

-- head-ingestor stages rows in temporary tables.
GRANT TEMPORARY ON DATABASE :"DBNAME" TO :"service";

-- Tables that are there: with branch_id in front of the branch's key.
CREATE TABLE product_sales (
    branch_id text NOT NULL,
    id bigint NOT NULL,
    date date NOT NULL,
    region text NOT NULL,
    product text NOT NULL,
    qty integer NOT NULL,
    cost numeric(12, 2) NOT NULL,
    amt numeric(14, 2) NOT NULL,
    tax numeric(12, 2) NOT NULL,
    total numeric(14, 2) NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    PRIMARY KEY (branch_id, id)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON product_sales TO :"service";

-- The tables that the head writes (catalogue.postgres.sql), and the tables that map their routes. Who writes them is an
-- application of yours, with a role of its own.
GRANT SELECT, TRIGGER ON price, transfer_note TO :"owner";
GRANT SELECT ON price, transfer_note TO :"service";
