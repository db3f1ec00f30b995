internal import FoundationEssentials

/// Which shapes the receiver of a stream keeps, as far as this process has told them: a table's shape travels whole until
/// a batch that had it is acked, and is only named from then on.
///
/// A hint: what it has wrong costs a batch another sending, whole, since the receiver says when it lacks a shape that a
/// batch names. So it may be lost with the process, and two processes may each have their own.
struct ToldShapes {
    private struct Told {
        var shape: String
        /// The batch from whose ack on the receiver keeps it.
        var since: Int64
    }

    private var epoch: UUID?
    private var told: [TableName: Told] = [:]

    /// Notes that a batch is about to be sent with these tables.
    /// - Returns: those whose shape need only be named in it.
    mutating func send(_ shapes: [(table: TableName, shape: String)], in batch: ClaimedBatch) -> Set<TableName> {
        if epoch != batch.epoch || !batch.receiverKeepsShapes { told = [:] }
        epoch = batch.epoch
        var named: Set<TableName> = []
        for (table, shape) in shapes {
            if let known = told[table], known.shape == shape {
                if known.since <= batch.acked { named.insert(table) }
            } else if batch.attempt == 1 {
                told[table] = Told(shape: shape, since: batch.number)
            } else {
                // An earlier attempt may have had another, and either may be the one that is stored.
                told[table] = nil
            }
        }
        return named
    }
}
