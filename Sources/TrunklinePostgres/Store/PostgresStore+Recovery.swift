import FoundationEssentials
public import TrunklineCore

/// Bringing a stream together again after a database was restored from a backup, at the sender.
extension PostgresStore {
    public func pendingHalt(of stream: StreamID) throws(StoreError) -> Halt? {
        try withConnection { (connection) throws(StoreError) in
            let result = try connection.query(SenderStatements.pendingHalt, [stream.description])
            guard result.rowCount == 1, let epoch = UUID(uuidString: result.text(0, 0)) else { return nil }
            return Halt(stream: stream, epoch: epoch, reason: result.text(0, 1))
        }
    }

    public func haltPublished(_ halt: Halt) throws(StoreError) {
        try withConnection { (connection) throws(StoreError) in
            _ = try connection.query(SenderStatements.haltTold, [halt.stream.description])
        }
    }

    public func recovery(of stream: StreamID) throws(StoreError) -> RecoveryState? {
        try withConnection { (connection) throws(StoreError) in
            try PostgresSending(connection).outboundRecovery(stream).state
        }
    }

    public func beginRecovery(of stream: StreamID, _ mode: RecoveryMode, newKeys: Bool) throws(StoreError) {
        try withConnection { (connection) throws(StoreError) in
            try connection.transaction("begin recovery") { () throws(StoreError) in
                try SenderEngine(PostgresSending(connection)).beginRecovery(of: stream, mode, newKeys: newKeys)
            }
        }
    }
}
