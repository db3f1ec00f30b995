internal import FoundationEssentials
internal import GRDB
internal import TrunklineCore

/// A batch that is in flight, and when it is taken for lost.
struct SentBatch: Sendable {
    var number: Int64
    var id: String
    var attempt: Int
    var age: Duration

    static func all(of stream: StreamID, _ db: Database) throws -> [SentBatch] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT number, id, attempts, \(Timestamp.age(of: "sent_at")) AS age FROM trunkline_batch
                WHERE stream = ? AND state = 'sent'
                """, arguments: [stream.description]
        ).map { row in
            SentBatch(
                number: row["number"], id: row["id"], attempt: row["attempts"], age: .seconds(row["age"] as Double))
        }
    }

    func isStale(by policy: StalePolicy, quietFor: Duration) -> Bool {
        let timeout = timeout(policy)
        // A clock that was set back makes the age negative; the quiet time alone decides then.
        return quietFor >= timeout && (age >= timeout || age < .zero)
    }

    /// Doubled at each attempt up to the ceiling; ±10 %, always the same for one attempt.
    func timeout(_ policy: StalePolicy) -> Duration {
        let doubled = policy.timeout * (1 << min(attempt - 1, 30))
        let spread = (id + "\(attempt)").utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01b3
        }
        return min(doubled, policy.ceiling) * (0.9 + 0.2 * Double(spread % 1_000) / 999)
    }

    /// `sent → pending`, if this attempt is still the last.
    /// - Returns: 1 if so, else 0.
    func makePending(_ stream: StreamID, _ db: Database) throws -> Int {
        try db.execute(
            sql: """
                UPDATE trunkline_batch SET state = 'pending'
                WHERE stream = ? AND number = ? AND id = ? AND state = 'sent' AND attempts = ?
                """, arguments: [stream.description, number, id, attempt])
        return db.changesCount
    }
}
