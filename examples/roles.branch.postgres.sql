-- The roles of a branch's PostgreSQL database. To be run by the owner of the tables (or a superuser), in that
-- database, before `trunkline init`:
--
--   psql --single-transaction --file=roles.branch.postgres.sql shop
--
-- owner     runs `trunkline init`: owns the schema trunkline, may read the synced tables and put triggers on them
-- service   runs the services and all other commands: reads the tables that go up, writes those that come down, keeps the
--           books
-- till      the application: needs its own tables, may read the head's, and nothing of ours
--
-- Names of your own: --set=owner=… --set=service=… --set=till=…  Then give each a password with \password.

\if :{?owner} \else \set owner trunkline_owner \endif
\if :{?service} \else \set service trunkline_service \endif
\if :{?till} \else \set till till \endif

CREATE ROLE :"owner" LOGIN;
CREATE ROLE :"service" LOGIN;
CREATE ROLE :"till" LOGIN;

-- init asks for the schema even when it is there.
GRANT CREATE ON DATABASE :"DBNAME" TO :"owner";
CREATE SCHEMA trunkline AUTHORIZATION :"owner";
GRANT USAGE ON SCHEMA trunkline TO :"service";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA trunkline
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"service";

-- Name your synced tables in place of this one. The triggers of init run as their owner. To take a table out of tables:
-- again, init must own it, or you drop its triggers by hand. Only a table's owner may let them fire in sessions with
-- session_replication_role = replica: ALTER TABLE … ENABLE ALWAYS TRIGGER trunkline_insert, …
GRANT SELECT, TRIGGER ON product_sales TO :"owner";
GRANT SELECT ON product_sales TO :"service";

GRANT SELECT, INSERT, UPDATE, DELETE ON product_sales TO :"till";

-- The tables that the head writes (catalogue.postgres.sql). branch-ingestor stages rows in temporary tables.
GRANT TEMPORARY ON DATABASE :"DBNAME" TO :"service";
GRANT SELECT, TRIGGER ON price, transfer_note TO :"owner";
GRANT SELECT, INSERT, UPDATE, DELETE ON price, transfer_note TO :"service";
GRANT SELECT ON price, transfer_note TO :"till";
