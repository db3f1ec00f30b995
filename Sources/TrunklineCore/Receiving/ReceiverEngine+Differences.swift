extension ReceiverEngine {
    /// Notes in what the tables of a batch differ from those here.
    func noteDifferences(_ header: BatchHeader, _ inbound: InboundStream) throws(StoreError) {
        var tables = header.tables.filter { !$0.columns.isEmpty }
        // Who asks for a comparison may have changed something of the others here.
        if let claim = header.verification {
            let named = Set(tables.map(\.name))
            tables += try lastShapes(
                of: (claim.tables.map(\.name) + inbound.differences.map(\.name)).filter { !named.contains($0) },
                header.stream)
        }
        try note(differencesOf: tables, inbound, header.stream, number: header.number)
    }

    private func lastShapes(of names: [TableName], _ stream: StreamID) throws(StoreError) -> [TableHeader] {
        guard !names.isEmpty else { return [] }
        return try books.shapes(of: names, stream).map { name, shape in
            TableHeader(
                name: name, key: shape.key, columns: shape.columns, rows: 0, rowBytes: 0, deletes: 0, deleteBytes: 0,
                allNew: false)
        }
    }

    /// After what waited was stored: what a table lacked it may have by now.
    func noteDifferences(of names: Set<TableName>, _ inbound: InboundStream, _ stream: StreamID) throws(StoreError) {
        let known = inbound.differences.map(\.name).filter(names.contains)
        try note(
            differencesOf: try lastShapes(of: known, stream), inbound, stream, number: inbound.watermark.number)
    }

    private func note(
        differencesOf tables: [TableHeader], _ inbound: InboundStream, _ stream: StreamID, number: Int64
    ) throws(StoreError) {
        var found: [TableDifference] = []
        for table in tables {
            // Of a table that takes no rows of the sender, it learns nothing.
            var difference: TableDifference?
            switch try sink.fit(table, of: stream, for: .storing) {
            case .fits, .partly, .made: difference = try sink.difference(of: table, stream)
            case .missing, .unfit, .refused: break
            }
            found.append(difference ?? TableDifference(name: table.name, notStored: [], notSent: []))
        }
        let differences = try inbound.differences.noting(found, number: number) { () throws(StoreError) in
            try books.wallClock()
        }
        if differences != inbound.differences { try books.note(differences, stream) }
    }
}
