internal import GRDB
internal import TrunklineCore

/// The keys of a shared table's rows in the two forms that they have: as they travel, and as the triggers write them.
struct SharedKeys {
    let tableID: Int64
    /// As the database spells it.
    private let name: String
    private let kinds: [WireKind]
    private let spellings: [KeySpellings]

    /// - Throws: ``StoreError`` where this office does not share such a table.
    init(_ table: TableHeader, _ db: Database) throws {
        let folded = FoldedName(table.name.inSQLite)
        guard let synced = try SyncedTable.all(db).first(where: { FoldedName($0.name.inSQLite) == folded }),
            synced.conflict != nil, let shape = try TableKind.find(synced.name.inSQLite, in: db).shape
        else {
            throw StoreError(
                .table, operation: "look at versions", subject: "table \"\(table.name)\"",
                reason: "this office does not share it")
        }
        tableID = synced.id
        name = shape.name
        kinds = table.key.map { name in WireKind(wireType: table.columns.first { $0.name == name }!.type) }
        spellings = zip(table.key, kinds).map { name, kind in
            let own = shape.columns.first { FoldedName($0.name) == FoldedName(name) }
            return KeySpellings(kind: kind, affinity: DeclaredType(own?.declaredType ?? "").affinity)
        }
    }

    /// Whether somebody else's trigger may make another row of what is stored: then the branch that sent a row is told of it
    /// whole.
    func hasTriggers(_ db: Database) throws -> Bool {
        try Bool.fetchOne(
            db,
            sql: """
                SELECT EXISTS (SELECT 1 FROM sqlite_master
                    WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE AND name NOT GLOB 'trunkline_*')
                """, arguments: [name])!
    }

    /// The forms that the triggers may have given the key, the usual one first.
    func texts(_ key: RowKey) -> [String] {
        var texts: [[SQLiteValue]] = [[]]
        for (index, text) in key.values.enumerated() where index < spellings.count {
            let values: [SQLiteValue]
            switch text {
            case nil: values = [.null]
            case let text? where spellings[index].areSeveral: values = spellings[index].values(text)
            case let text?: values = [FieldReader.key(text, as: kinds[index])]
            }
            texts = texts.flatMap { begin in values.map { begin + [$0] } }
        }
        return texts.map { KeyText.text(of: $0) }
    }
}
