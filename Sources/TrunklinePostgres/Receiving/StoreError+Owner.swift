internal import TrunklineCore

extension StoreError {
    /// Whether a row's own data, its table, or what somebody built around that table is to blame: what sets rows aside.
    ///
    /// Everything is, but for what the server says of itself and of others: also a code that a trigger made up. Source:
    /// PostgreSQL documentation, appendix A, «PostgreSQL Error Codes».
    var isOfRowOrTable: Bool {
        guard let databaseCode, databaseCode.utf8.count == 5 else { return false }
        return !StoreError.ofOthers.contains(String(databaseCode.prefix(2))) && !StoreError.locks.contains(databaseCode)
    }

    /// The same in SQL, of `SQLSTATE`.
    static var isOfOthersInSQL: String {
        let classes = ofOthers.sorted().map { $0.literal }.joined(separator: ", ")
        let codes = locks.sorted().map { $0.literal }.joined(separator: ", ")
        return "left(SQLSTATE, 2) IN (\(classes)) OR SQLSTATE IN (\(codes))"
    }

    /// Connection, invalid transaction state, invalid authorisation, rollback by the server, resources, operator's
    /// intervention, the system, the server's own mistakes.
    private static let ofOthers: Set<String> = ["08", "25", "28", "40", "53", "57", "58", "XX"]
    /// Somebody holds a lock, or uses the object.
    private static let locks: Set<String> = [lockedCode, "55006"]

    /// Whether another session has locked what was wanted, or waits for what this one has locked.
    var isOfLock: Bool { databaseCode == StoreError.lockedCode || databaseCode == "40P01" }

    /// `lock_not_available`
    static let lockedCode = "55P03"

    /// The message without the values that it quotes: reasons travel, and are kept.
    var reasonWithoutValues: String { StoreError.withoutValues(reason, code: databaseCode ?? "") }

    static func withoutValues(_ message: String, code: String) -> String {
        // Class 22, data exceptions: their messages name no table and no column, and quote the value in double quotes.
        guard code.hasPrefix("22") else { return message }
        var result = ""
        var isQuoted = false
        for character in message {
            if character == "\"" {
                isQuoted.toggle()
            } else if !isQuoted {
                result.append(character)
            }
        }
        while let last = result.last, last == " " || last == ":" { result.removeLast() }
        return result.replacing("  ", with: " ")
    }
}
