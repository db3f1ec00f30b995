internal import GRDB
internal import TrunklineCore

/// The shapes of the tables of a stream, as JSON.
extension SQLiteReceiving {
    func shapes(of tables: [TableName], _ stream: StreamID) throws(StoreError) -> [TableName: WireShape] {
        try run("read shapes", stream) {
            var shapes: [TableName: WireShape] = [:]
            let statement = try db.cachedStatement(
                sql: "SELECT shape FROM trunkline_inbound_shape WHERE stream = ? AND table_name = ?")
            for table in tables {
                let shape = try String.fetchOne(statement, arguments: [stream.description, table.description])
                shapes[table] = try shape.map { try JSONText.decode(WireShape.self, $0) }
            }
            return shapes
        }
    }

    func keep(_ shape: WireShape, of table: TableName, _ stream: StreamID) throws(StoreError) {
        try run("keep shape", stream) {
            try db.execute(
                sql: """
                    INSERT INTO trunkline_inbound_shape (stream, table_name, shape) VALUES (?, ?, ?)
                    ON CONFLICT (stream, table_name) DO UPDATE SET shape = excluded.shape
                    """, arguments: [stream.description, table.description, try JSONText.encode(shape)])
        }
    }

    func keptShapes(_ stream: StreamID) throws(StoreError) -> (count: Int, bytes: Int) {
        try run("count shapes", stream) {
            let row = try Row.fetchOne(
                db,
                sql: """
                    SELECT count(*) AS count, coalesce(sum(length(CAST(shape AS BLOB))), 0) AS bytes
                    FROM trunkline_inbound_shape WHERE stream = ?
                    """, arguments: [stream.description])!
            return (row["count"], row["bytes"])
        }
    }

    func note(_ differences: [TableDifference], _ stream: StreamID) throws(StoreError) {
        try run("note differences", stream) {
            try db.execute(
                sql: "UPDATE trunkline_inbound SET differences = ? WHERE stream = ?",
                arguments: [try JSONText.encode(differences), stream.description])
        }
    }

    func note(_ keeping: ShapeKeeping, _ stream: StreamID) throws(StoreError) {
        try run("note shapes", stream) {
            try db.execute(
                sql: "UPDATE trunkline_inbound SET shapes = ? WHERE stream = ?",
                arguments: [keeping.rawValue, stream.description])
        }
    }
}
