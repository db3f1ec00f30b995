extension ReceiverEngine {
    /// Stores a batch when the shapes that it names are here; those that it says whole are kept.
    ///
    /// One whose shape is not here is as good as not received, and its sender is told. It comes again, whole.
    func complete(_ batch: InboundBatch, _ inbound: InboundStream) throws(StoreError) -> ReceiveOutcome {
        let stream = batch.header.stream
        let shaped = batch.header.tables.filter { $0.shape != nil }.map(\.name)
        guard !shaped.isEmpty else { return try store(batch, inbound) }
        let kept = try books.shapes(of: shaped, stream)
        var batch = batch
        var keeping = inbound.shapes == .wanted ? .kept : inbound.shapes
        for index in batch.header.tables.indices {
            let table = batch.header.tables[index]
            if table.named != nil {
                guard let shape = kept[table.name], batch.header.tables[index].take(shape) else {
                    try books.unpark(through: batch.header)
                    try note(.wanted, inbound, stream)
                    try books.leaveAck(stream)
                    return .unknownShape(table: table.name)
                }
            } else if table.shape != nil, keeping == .kept {
                let shape = WireShape(key: table.key, columns: table.columns)
                if kept[table.name] != shape, try !keep(shape, of: table.name, stream) { keeping = .refused }
            }
        }
        try note(keeping, inbound, stream)
        return try store(batch, inbound)
    }

    private func note(_ keeping: ShapeKeeping, _ inbound: InboundStream, _ stream: StreamID) throws(StoreError) {
        // What a sender was refused for good is not offered to it again.
        if keeping != inbound.shapes, inbound.shapes != .refused { try books.note(keeping, stream) }
    }

    /// - Returns: false when the stream has as many as it may.
    private func keep(_ shape: WireShape, of table: TableName, _ stream: StreamID) throws(StoreError) -> Bool {
        let kept = try books.keptShapes(stream)
        guard kept.count < Limit.shapes, kept.bytes < Limit.shapeBytes else { return false }
        try books.keep(shape, of: table, stream)
        return true
    }
}
