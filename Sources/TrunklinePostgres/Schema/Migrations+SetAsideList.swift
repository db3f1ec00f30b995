extension Migrations {
    /// What a set-aside row's table was is kept once for all rows of its shape.
    ///
    /// The list of set-aside rows in differences: which key changed at which version, kept until the sender has it.
    ///
    /// `told_version`: through here acks were published. `list_from`: an ack that goes on from here begins the list anew.
    /// `changes_kept`: later changes than this version are kept.
    static let setAsideList = """
        CREATE TABLE trunkline.set_aside_change (
            id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
            stream text NOT NULL,
            table_name text NOT NULL,
            key text NOT NULL,
            version bigint NOT NULL
        );
        CREATE UNIQUE INDEX set_aside_change_key ON trunkline.set_aside_change (stream, table_name, md5(key));
        CREATE INDEX set_aside_change_version ON trunkline.set_aside_change (stream, version);
        ALTER TABLE trunkline.inbound
            ADD COLUMN takes_differences boolean NOT NULL DEFAULT false,
            ADD COLUMN told_version bigint NOT NULL DEFAULT 0,
            ADD COLUMN told_at timestamptz,
            ADD COLUMN list_from bigint NOT NULL DEFAULT -1,
            ADD COLUMN list_begun_at timestamptz,
            ADD COLUMN changes_kept bigint NOT NULL DEFAULT 0;
        UPDATE trunkline.inbound SET told_version = set_aside_version, changes_kept = set_aside_version;
        CREATE TABLE trunkline.set_aside_shape (
            id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
            stream text NOT NULL,
            header text NOT NULL
        );
        CREATE UNIQUE INDEX set_aside_shape_header ON trunkline.set_aside_shape (stream, md5(header));
        INSERT INTO trunkline.set_aside_shape (stream, header)
            SELECT DISTINCT stream, table_header FROM trunkline.set_aside;
        ALTER TABLE trunkline.set_aside ADD COLUMN shape bigint;
        UPDATE trunkline.set_aside s SET shape = h.id FROM trunkline.set_aside_shape h
            WHERE h.stream = s.stream AND md5(h.header) = md5(s.table_header);
        ALTER TABLE trunkline.set_aside ALTER COLUMN shape SET NOT NULL, DROP COLUMN table_header;
        CREATE INDEX set_aside_of_shape ON trunkline.set_aside (shape);

        """
}
