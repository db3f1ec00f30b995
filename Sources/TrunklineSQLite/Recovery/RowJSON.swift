internal import TrunklineCore

/// A row as one JSON object, for people.
enum RowJSON {
    /// - Returns: an SQL expression over the columns of the row at hand.
    static func expression(of columns: [String]) -> String {
        let pairs = columns.map { column in
            let name = TableName.quoted(column)
            let text = "'" + column.doubling("'") + "'"
            return "\(text), CASE typeof(\(name)) WHEN 'blob' THEN '\\x' || hex(\(name)) ELSE \(name) END"
        }
        return "json_object(\(pairs.joined(separator: ", ")))"
    }
}
