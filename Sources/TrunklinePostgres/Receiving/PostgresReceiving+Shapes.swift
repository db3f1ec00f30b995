import TrunklineCore

/// The shapes of the tables of a stream, as JSON of ASCII alone.
extension PostgresReceiving {
    func shapes(of tables: [TableName], _ stream: StreamID) throws(StoreError) -> [TableName: WireShape] {
        let names = tables.map { connection.portable($0.description) }
        let found = try connection.query(
            ReceiverStatements.inboundShapes, [stream.description, TextArray.encode(names)])
        var shapes: [TableName: WireShape] = [:]
        for row in 0..<found.rowCount {
            guard let index = names.firstIndex(of: found.text(row, 0)) else { continue }
            shapes[tables[index]] = try JSONText.decode(WireShape.self, found.text(row, 1), "shape of a table")
        }
        return shapes
    }

    func keep(_ shape: WireShape, of table: TableName, _ stream: StreamID) throws(StoreError) {
        try connection.query(
            ReceiverStatements.keepInboundShape,
            [stream.description, connection.portable(table.description), JSONText.encode(shape).asciiEscaped])
    }

    func keptShapes(_ stream: StreamID) throws(StoreError) -> (count: Int, bytes: Int) {
        let size = try connection.query(ReceiverStatements.inboundShapeSize, [stream.description])
        return (size.integer(0, 0)!, size.integer(0, 1)!)
    }

    func note(_ keeping: ShapeKeeping, _ stream: StreamID) throws(StoreError) {
        try connection.query(ReceiverStatements.noteShapes, [stream.description, keeping.rawValue])
    }

    func note(_ differences: [TableDifference], _ stream: StreamID) throws(StoreError) {
        try connection.query(
            ReceiverStatements.noteDifferences, [stream.description, JSONText.encode(differences).asciiEscaped])
    }
}
