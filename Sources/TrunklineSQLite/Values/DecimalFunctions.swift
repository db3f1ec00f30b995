internal import GRDB
internal import TrunklineCore

/// Exact arithmetic for the expressions of a mapping: SQLite's own makes floats of decimals. The names are those of SQLite's
/// extension of the same purpose (https://www.sqlite.org/floatingpoint.html#the_decimal_c_extension), which no connection has
/// that did not load it; `decimal_round` and `decimal_compare` are ours.
enum DecimalFunctions {
    static func add(to db: Database) {
        for (name, operation) in [
            ("decimal_add", DecimalMath.sum), ("decimal_sub", DecimalMath.difference),
            ("decimal_mul", DecimalMath.product),
        ] {
            db.add(
                function: DatabaseFunction(name, argumentCount: 2, pure: true) { values in
                    guard let a = try number(values[0], name), let b = try number(values[1], name) else { return nil }
                    guard let result = operation(a, b) else { throw notANumber(name) }
                    return result
                })
        }
        db.add(
            function: DatabaseFunction("decimal_compare", argumentCount: 2, pure: true) { values in
                let name = "decimal_compare"
                guard let a = try number(values[0], name), let b = try number(values[1], name) else { return nil }
                guard let difference = DecimalMath.difference(a, b) else { throw notANumber(name) }
                if difference.hasPrefix("-") { return -1 }
                return difference.contains { ("1"..."9").contains($0) } ? 1 : 0
            })
        db.add(
            function: DatabaseFunction("decimal_round", argumentCount: 2, pure: true) { values in
                guard let a = try number(values[0], "decimal_round"), let places = Int.fromDatabaseValue(values[1])
                else {
                    return nil
                }
                guard (0...100).contains(places), let result = DecimalMath.rounded(a, places) else {
                    throw notANumber("decimal_round")
                }
                return result
            })
    }

    /// A float is what these are there to avoid.
    private static func number(_ value: DatabaseValue, _ function: String) throws -> String? {
        switch value.storage {
        case .null: return nil
        case .int64(let number): return String(number)
        case .string(let text): return text
        case .double, .blob: throw notANumber(function)
        }
    }

    private static func notANumber(_ function: String) -> DatabaseError {
        DatabaseError(message: "\(function) takes whole numbers, and decimals as text: \(function)(total, '0.92')")
    }
}
