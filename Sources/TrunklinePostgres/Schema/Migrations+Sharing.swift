extension Migrations {
    /// What is known of the rows of shared tables, beside them.
    ///
    /// `shared_row` is written by triggers, in the application's own transactions: which version a row has, and at a branch,
    /// while the head has not answered to its change (`is_dirty`), what that change stands on (`base_joining`: it was made before the
    /// head had seen all of the table). `applied_change`, at the
    /// head: the last change of a branch that was looked at. `join_turn`, at a branch, counts how often a table began to
    /// join. `clock_ahead`: the sender's, in milliseconds, as `clock_tolerance`.
    static let sharing = """
        ALTER TABLE trunkline.synced_table
            ADD COLUMN conflict text, ADD COLUMN join_turn integer NOT NULL DEFAULT 0,
            DROP CONSTRAINT synced_table_direction_check,
            ADD CHECK (direction IN ('up', 'down', 'shared'));
        ALTER TABLE trunkline.outbound ADD COLUMN told_joined text NOT NULL DEFAULT '[]';
        ALTER TABLE trunkline.inbound ADD COLUMN joined text NOT NULL DEFAULT '[]', ADD COLUMN clock_ahead bigint;
        ALTER TABLE trunkline.office ADD COLUMN clock_tolerance bigint NOT NULL DEFAULT 300000;
        CREATE TABLE trunkline.shared_row (
            table_id integer NOT NULL,
            key text[] NOT NULL,
            clock bigint NOT NULL,
            office text NOT NULL,
            is_deleted boolean NOT NULL DEFAULT false,
            is_dirty boolean NOT NULL DEFAULT false,
            base_clock bigint,
            base_office text,
            base_absent boolean NOT NULL DEFAULT false,
            base_image json,
            base_joining boolean NOT NULL DEFAULT false,
            PRIMARY KEY (table_id, key)
        ) WITH (fillfactor = 80);
        CREATE INDEX shared_row_deleted ON trunkline.shared_row (clock) WHERE is_deleted;
        CREATE TABLE trunkline.applied_change (
            table_id integer NOT NULL,
            key text[] NOT NULL,
            office text NOT NULL,
            clock bigint NOT NULL,
            standing_clock bigint,
            standing_office text,
            change text NOT NULL,
            PRIMARY KEY (table_id, key, office)
        );
        CREATE TABLE trunkline.conflict (
            id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
            at timestamptz NOT NULL DEFAULT clock_timestamp(),
            table_name text NOT NULL,
            key text NOT NULL,
            branch text NOT NULL,
            kind text NOT NULL,
            outcome text NOT NULL,
            details text NOT NULL,
            resolved_at timestamptz,
            resolution text
        );
        CREATE INDEX conflict_waiting ON trunkline.conflict (id) WHERE outcome = 'waiting' AND resolved_at IS NULL;

        """
}
