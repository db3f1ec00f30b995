/// The bookkeeping's schema: numbered steps, forward only. A step that was released is never edited.
enum Migrations {
    static let steps: [String] = [
        bookkeeping + sending + receiving, captureThatKnows, lanes, serviceNotes, setAsideList, shapes, waves,
        activity, MoveCheck.migration,
        // A function came, which init makes.
        "SELECT 1",
        destinations, recovery, sharing,
        planning, remembering, mapping, differences,
    ]

    private static let bookkeeping = """
        CREATE TABLE trunkline.office (
            single boolean PRIMARY KEY DEFAULT true CHECK (single),
            office text NOT NULL,
            role text NOT NULL CHECK (role IN ('head', 'branch')),
            tables text[] NOT NULL
        );
        CREATE TABLE trunkline.synced_table (
            id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
            name text NOT NULL UNIQUE,
            relation text NOT NULL,
            key_columns text[] NOT NULL,
            captured boolean NOT NULL DEFAULT false,
            loaded boolean NOT NULL DEFAULT false
        );
        CREATE TABLE trunkline.branch (
            id text PRIMARY KEY,
            broker_user text NOT NULL UNIQUE,
            suspended boolean NOT NULL DEFAULT false,
            added_at timestamptz NOT NULL DEFAULT now()
        );
        CREATE TABLE trunkline.superseded_row (
            id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
            stream text NOT NULL,
            table_name text NOT NULL,
            row json NOT NULL,
            reason text NOT NULL,
            new_key text,
            at timestamptz NOT NULL DEFAULT now()
        );
        CREATE TABLE trunkline.verification_request (
            id uuid NOT NULL,
            round integer NOT NULL,
            stream text NOT NULL,
            request text NOT NULL,
            requested_at timestamptz NOT NULL DEFAULT now(),
            formed_number bigint,
            PRIMARY KEY (id, round)
        );
        CREATE TABLE trunkline.verification_result (
            id uuid NOT NULL,
            stream text NOT NULL,
            round integer NOT NULL,
            result text NOT NULL,
            finished_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (id, stream)
        );

        """

    /// `late`, `floor` and `upper` describe a wave: the changes that were not visible when the wave
    /// before was opened (their transaction was in progress then: `late`; or began later: `>= floor`)
    /// and are visible in the snapshot `upper`. A wave is cut into batches in the order of
    /// (transaction, seq); `at_…` is how far it is cut.
    private static let sending = """
        CREATE TABLE trunkline.change (
            transaction xid8 NOT NULL,
            seq bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
            table_id integer NOT NULL,
            key text[] NOT NULL,
            op "char" NOT NULL,
            at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (transaction, seq)
        );
        ALTER TABLE trunkline.change SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 10000);
        CREATE TABLE trunkline.outbound (
            stream text PRIMARY KEY,
            epoch uuid NOT NULL DEFAULT gen_random_uuid(),
            last_number bigint NOT NULL DEFAULT 0,
            last_id uuid,
            late xid8[] NOT NULL DEFAULT '{}',
            floor xid8 NOT NULL DEFAULT '0',
            upper pg_snapshot NOT NULL DEFAULT '1:1:',
            at_transaction xid8 NOT NULL DEFAULT '0',
            at_seq bigint NOT NULL DEFAULT 0,
            past_epochs uuid[] NOT NULL DEFAULT '{}',
            receiver_epoch uuid,
            recovery text CHECK (recovery IN ('compare', 'keep-branch', 'keep-head', 'resend')),
            recovery_id uuid,
            recovery_passes integer NOT NULL DEFAULT 0,
            recovery_new_keys boolean NOT NULL DEFAULT false,
            recovery_report text
        );
        CREATE TABLE trunkline.outbound_ack (
            stream text PRIMARY KEY REFERENCES trunkline.outbound,
            watermark bigint NOT NULL DEFAULT 0,
            acked_rows bigint NOT NULL DEFAULT 0,
            set_aside_version bigint NOT NULL DEFAULT 0,
            set_aside_total bigint NOT NULL DEFAULT 0,
            last_contact timestamptz,
            stopped text,
            halt_untold boolean NOT NULL DEFAULT false
        );
        CREATE TABLE trunkline.batch (
            stream text NOT NULL,
            number bigint NOT NULL,
            id uuid NOT NULL DEFAULT gen_random_uuid(),
            previous_id uuid,
            state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'acked')),
            late xid8[] NOT NULL,
            floor xid8 NOT NULL,
            upper pg_snapshot NOT NULL,
            from_transaction xid8 NOT NULL,
            from_seq bigint NOT NULL,
            to_transaction xid8 NOT NULL,
            to_seq bigint NOT NULL,
            changes integer NOT NULL,
            oldest_at timestamptz,
            rows integer,
            bytes integer,
            formed_at timestamptz NOT NULL DEFAULT now(),
            sent_at timestamptz,
            attempts integer NOT NULL DEFAULT 0,
            acked_at timestamptz,
            verification text,
            PRIMARY KEY (stream, number)
        );
        CREATE INDEX batch_unacked ON trunkline.batch (stream, number) WHERE state <> 'acked';
        CREATE TABLE trunkline.refused_row (
            stream text NOT NULL,
            table_name text NOT NULL,
            key text NOT NULL,
            reason text NOT NULL,
            at_sender boolean NOT NULL,
            since timestamptz NOT NULL DEFAULT now()
        );
        CREATE INDEX refused_row_table ON trunkline.refused_row (stream, table_name, md5(key));

        """

    private static let receiving = """
        CREATE TABLE trunkline.inbound (
            stream text PRIMARY KEY,
            epoch uuid NOT NULL,
            watermark bigint NOT NULL DEFAULT 0,
            batch_id uuid,
            stored_rows bigint NOT NULL DEFAULT 0,
            set_aside bigint NOT NULL DEFAULT 0,
            set_aside_version bigint NOT NULL DEFAULT 0,
            last_contact timestamptz NOT NULL DEFAULT now(),
            stopped text,
            stopped_epoch uuid,
            stopped_number bigint,
            past_epochs uuid[] NOT NULL DEFAULT '{}',
            behind_epoch uuid,
            behind_number bigint
        );
        CREATE TABLE trunkline.kept_row (
            stream text NOT NULL,
            table_name text NOT NULL,
            key text NOT NULL,
            since timestamptz NOT NULL DEFAULT now()
        );
        CREATE UNIQUE INDEX kept_row_key ON trunkline.kept_row (stream, table_name, md5(key));
        CREATE TABLE trunkline.set_aside (
            id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
            stream text NOT NULL,
            table_name text NOT NULL,
            key text NOT NULL,
            op text NOT NULL CHECK (op IN ('row', 'delete')),
            table_header text NOT NULL,
            line text NOT NULL,
            reason text NOT NULL,
            code text,
            number bigint NOT NULL,
            since timestamptz NOT NULL DEFAULT now(),
            tries integer NOT NULL DEFAULT 1,
            last_tried timestamptz NOT NULL DEFAULT now()
        );
        CREATE UNIQUE INDEX set_aside_key ON trunkline.set_aside (stream, table_name, md5(key));
        CREATE INDEX set_aside_tried ON trunkline.set_aside (last_tried);
        CREATE TABLE trunkline.parked_batch (
            stream text NOT NULL,
            epoch uuid NOT NULL,
            number bigint NOT NULL,
            id uuid NOT NULL,
            message bytea NOT NULL,
            parked_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (stream, epoch, number, id)
        );
        CREATE TABLE trunkline.pending_ack (
            stream text PRIMARY KEY,
            serial bigint NOT NULL DEFAULT 1,
            seen_version bigint NOT NULL DEFAULT -1,
            whole boolean NOT NULL DEFAULT false,
            pending boolean NOT NULL DEFAULT true,
            verification text,
            since timestamptz NOT NULL DEFAULT now()
        );

        """

    /// Every table gets a key, so that a publication of all tables stops no update of ours. `held_change` has the changes
    /// of tables that stand still. The view of the rows depended on the user's tables.
    private static let captureThatKnows = """
        ALTER TABLE trunkline.refused_row ADD id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY;
        ALTER TABLE trunkline.kept_row ADD id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY;
        ALTER TABLE trunkline.synced_table ADD fingerprint text;
        CREATE TABLE trunkline.held_change (
            id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
            table_id integer NOT NULL,
            key text[] NOT NULL,
            op "char" NOT NULL,
            at timestamptz NOT NULL
        );
        CREATE INDEX held_change_table ON trunkline.held_change (table_id, id);
        GRANT SELECT ON SEQUENCE trunkline.change_seq_seq TO PUBLIC;
        DROP VIEW IF EXISTS trunkline.row_status;
        DROP VIEW IF EXISTS trunkline.change_state;

        """

    /// Lines as bytes, which a database of any encoding holds; when a row is tried again; streams that are held; the
    /// tables that were made for a stream.
    private static let lanes = """
        ALTER TABLE trunkline.set_aside
            ALTER COLUMN line TYPE bytea USING convert_to(line, 'UTF8'),
            ADD COLUMN lacks_parent boolean NOT NULL DEFAULT false,
            ADD COLUMN retry_at timestamptz NOT NULL DEFAULT now();
        UPDATE trunkline.set_aside SET lacks_parent = true WHERE code = '23503';
        DROP INDEX trunkline.set_aside_tried;
        CREATE INDEX set_aside_due ON trunkline.set_aside (stream, retry_at);
        CREATE INDEX set_aside_tried ON trunkline.set_aside (stream, last_tried);
        ALTER TABLE trunkline.inbound
            ADD COLUMN held text,
            ADD COLUMN held_failures integer NOT NULL DEFAULT 0,
            ADD COLUMN held_since timestamptz,
            ADD COLUMN held_until timestamptz;
        ALTER TABLE trunkline.outbound_ack ADD COLUMN held text;
        ALTER TABLE trunkline.parked_batch ALTER COLUMN message SET STORAGE EXTERNAL;
        CREATE TABLE trunkline.made_table (
            name text PRIMARY KEY,
            stream text NOT NULL,
            at timestamptz NOT NULL DEFAULT now()
        );

        """
}
