import TrunklineTesting

@testable import TrunklineCore

extension Mutation {
    /// The head takes every change of a branch as if nobody else had changed the row.
    static let baseNotCompared = Mutation(
        name: "base not compared",
        store: { store, office, _ in
            guard office.id == .head else { return store }
            return SharingStore(store) { books, batch in BaselessBooks(books, batch) }
        })

    /// A branch forgets that it deleted a row before the head has answered.
    static let tombstoneDroppedEarly = Mutation(
        name: "tombstone dropped early",
        prepare: { office in
            guard office.id != .head else { return }
            for event in ["INSERT", "UPDATE"] {
                try office.application.run(
                    """
                    CREATE TRIGGER forget_deletes_\(event) AFTER \(event) ON trunkline_shared_row WHEN NEW.is_deleted BEGIN
                        DELETE FROM trunkline_shared_row WHERE table_id = NEW.table_id AND key = NEW.key;
                    END;
                    """)
            }
            try office.acceptSchema()
        })

    /// A branch takes the head's row though it has a newer change of its own.
    static let ownChangeOverwritten = Mutation(
        name: "an own newer change overwritten",
        store: { store, office, _ in
            guard office.id != .head else { return store }
            return SharingStore(store) { books, _ in CarelessBooks(books) }
        })

    /// What the head makes of two images keeps the version that the row had.
    static let versionNotAdvanced = Mutation(
        name: "version not advanced after a merge",
        prepare: { office in
            guard office.id == .head else { return }
            try office.application.run(
                """
                CREATE TRIGGER keep_version BEFORE UPDATE ON trunkline_shared_row
                WHEN NEW.office = 'head' AND EXISTS (SELECT 1 FROM trunkline_merging) BEGIN SELECT RAISE(IGNORE); END;
                """)
            try office.acceptSchema()
        })

    /// The head does not remember what it added.
    static let deltaAppliedTwice = Mutation(
        name: "delta applied twice",
        prepare: { office in
            guard office.id == .head else { return }
            try office.application.run(
                """
                CREATE TRIGGER forget_changes BEFORE INSERT ON trunkline_applied_change BEGIN SELECT RAISE(IGNORE); END;
                """)
            try office.acceptSchema()
        })
}

typealias AnyBooks = any ReceiverTransaction

/// Hands the books of a batch on through others.
private final class SharingStore: ForwardingStore, @unchecked Sendable {
    // Sendable: nothing is added that changes.
    private let wrap: @Sendable (AnyBooks, InboundBatch) -> AnyBooks

    init(_ base: any OfficeStore, _ wrap: @escaping @Sendable (AnyBooks, InboundBatch) -> AnyBooks) {
        self.wrap = wrap
        super.init(base)
    }

    override func receive(_ batch: InboundBatch, parking: Bool) async throws(StoreError) -> ReceiveOutcome {
        try await base.receiving("receive batch", batch.header.stream.description) {
            [wrap] (books) throws(StoreError) in
            try ReceiverEngine(wrap(books, batch)).receive(batch, parking: parking)
        }
    }
}

/// Says of each row that it has the version which the branch's change stands on.
private final class BaselessBooks: ForwardingBooks {
    private var bases: [RowKey: RowVersion?] = [:]

    init(_ base: AnyBooks, _ batch: InboundBatch) {
        for group in LineGroup.all(of: batch) where group.table.isShared {
            for line in group.lines {
                if let stamp = line.withoutStamp()?.stamp { bases[line.key] = stamp.base?.version }
            }
        }
        super.init(base)
    }

    override func sharedRows(of keys: [RowKey], _ table: TableHeader, _ branch: OfficeID) throws(StoreError)
        -> [SharedRowState]
    {
        keys.map { SharedRowState(version: bases[$0] ?? nil, applied: nil) }
    }
}

/// Knows of no change of its own.
private final class CarelessBooks: ForwardingBooks {
    override func localVersions(of keys: [RowKey], _ table: TableHeader, locking: Bool) throws(StoreError)
        -> [LocalVersion?]
    {
        try base.localVersions(of: keys, table, locking: locking).map {
            $0.map { LocalVersion(version: $0.version, isDirty: false) }
        }
    }
}
