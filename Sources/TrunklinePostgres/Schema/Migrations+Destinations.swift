extension Migrations {
    /// The log says whom a change is for, and many streams read it: the head sends too. What a load is still to send is a
    /// range of the key, and no longer a line of the log for each row; one that `sweeps` takes away what is not for its
    /// stream. The epochs of a stream that ended are kept, in case it begins again.
    ///
    /// `at_end`: there is nothing behind the stream's position in its waves; `taken`: how many changes of these it has in
    /// batches; `shared_total`: how many lines for all branches there are in a wave and those before it, so that
    /// what is pending for thousands of streams need not be counted. `destination_wave`: the newest wave that has
    /// lines for a destination. `shared_log`: through which snapshot lines for all branches are pruned, and how many lines
    /// there were after the last compaction behind slow streams.
    static let destinations = """
        DROP VIEW IF EXISTS trunkline.row_status;
        DROP FUNCTION IF EXISTS trunkline.row_states(text), trunkline.row_states(text, integer);
        DROP VIEW IF EXISTS trunkline.change_state;
        DROP VIEW IF EXISTS trunkline.unbatched;
        DROP VIEW IF EXISTS trunkline.news;
        DROP VIEW IF EXISTS trunkline.position;
        DROP FUNCTION IF EXISTS trunkline.next_cut(pg_snapshot, pg_snapshot, xid8, bigint, bigint),
            trunkline.compact_wave(pg_snapshot, pg_snapshot), trunkline.newer_wave(bigint, integer);
        ALTER TABLE trunkline.change
            ADD COLUMN destination text COLLATE "C" NOT NULL DEFAULT 'head',
            DROP CONSTRAINT change_pkey,
            ADD PRIMARY KEY (destination, transaction, seq);
        ALTER TABLE trunkline.held_change ADD COLUMN destination text COLLATE "C" NOT NULL DEFAULT 'head';
        ALTER TABLE trunkline.outbound
            ADD COLUMN destination text COLLATE "C" NOT NULL GENERATED ALWAYS AS (split_part(stream, '>', 2)) STORED,
            ADD COLUMN at_end boolean NOT NULL DEFAULT false,
            ADD COLUMN loaded_last boolean NOT NULL DEFAULT false,
            ADD COLUMN recovery_returns text,
            ADD COLUMN taken bigint NOT NULL DEFAULT 0,
            ADD COLUMN own_compacted bigint NOT NULL DEFAULT 0;
        ALTER TABLE trunkline.wave ADD COLUMN shared_total bigint NOT NULL DEFAULT 0;
        ALTER TABLE trunkline.batch
            ADD COLUMN without integer[] NOT NULL DEFAULT '{}',
            ADD COLUMN load_table integer,
            ADD COLUMN load_after text[],
            ADD COLUMN load_through text[],
            ADD COLUMN load_new boolean NOT NULL DEFAULT false,
            ADD COLUMN load_sweeps boolean NOT NULL DEFAULT false;
        CREATE INDEX kept_row_serial ON trunkline.kept_row (stream, table_name, id);
        CREATE TABLE trunkline.load (
            id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
            stream text NOT NULL,
            table_id integer NOT NULL,
            after_key text[],
            through_key text[],
            is_new boolean NOT NULL,
            sweeps boolean NOT NULL DEFAULT false,
            rows_left bigint,
            began_at timestamptz NOT NULL DEFAULT now()
        );
        CREATE INDEX load_stream ON trunkline.load (stream, id);
        ALTER TABLE trunkline.verification_request
            DROP CONSTRAINT verification_request_pkey,
            ADD PRIMARY KEY (id, stream, round);
        CREATE TABLE trunkline.destination_wave (destination text COLLATE "C" PRIMARY KEY, wave bigint NOT NULL);
        INSERT INTO trunkline.destination_wave SELECT 'head', max(number) FROM trunkline.wave;
        CREATE INDEX refused_row_whole_table ON trunkline.refused_row (stream) WHERE key = '[]';
        CREATE TABLE trunkline.opening_lock (none integer PRIMARY KEY);
        CREATE TABLE trunkline.reference_lock (none integer PRIMARY KEY);
        CREATE TABLE trunkline.streams_lock (none integer PRIMARY KEY);
        CREATE TABLE trunkline.moved_value (
            id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
            table_id integer NOT NULL,
            value text NOT NULL,
            destination text NOT NULL,
            since xid8 NOT NULL DEFAULT pg_snapshot_xmin(pg_current_snapshot()),
            seen xid8
        );
        CREATE TABLE trunkline.ended_stream (stream text PRIMARY KEY, epochs uuid[] NOT NULL);
        CREATE TABLE trunkline.shared_log (
            single boolean PRIMARY KEY DEFAULT true CHECK (single),
            pruned pg_snapshot NOT NULL DEFAULT '1:1:',
            compacted bigint NOT NULL DEFAULT 0
        );
        INSERT INTO trunkline.shared_log DEFAULT VALUES;
        ALTER TABLE trunkline.synced_table
            ADD COLUMN direction text NOT NULL DEFAULT 'up' CHECK (direction IN ('up', 'down')),
            ADD COLUMN route jsonb NOT NULL DEFAULT '{"all":{}}',
            ADD COLUMN filter text,
            ADD COLUMN source text,
            ADD COLUMN mapping text,
            ADD COLUMN reading_problem text,
            ADD COLUMN read_again_at timestamptz;
        CREATE TABLE trunkline.accepted_table (name text PRIMARY KEY, local_writes text NOT NULL);
        ALTER TABLE trunkline.office ADD COLUMN accepts_new boolean NOT NULL DEFAULT false;

        """
}
