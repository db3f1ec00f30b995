/// A named SQL statement, prepared once a connection.
struct Statement: Sendable {
    var name: String
    var sql: String

    init(_ name: String, _ sql: String) {
        self.name = name
        self.sql = sql
    }
}
