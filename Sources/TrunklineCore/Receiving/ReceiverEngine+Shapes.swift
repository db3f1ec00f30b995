extension ReceiverEngine {
    /// Stores a batch when the shapes that it names are here; those that it says whole are kept.
    ///
    /// One whose shape is not here is as good as not received, and its sender is told. It comes again, whole.
    func complete(_ batch: InboundBatch, _ inbound: InboundStream) throws(StoreError) -> ReceiveOutcome {
        let stream = batch.header.stream
        var batch = batch
        // A table without lines needs no shape.
        let shaped = batch.header.tables.indices.filter {
            let table = batch.header.tables[$0]
            return table.shape != nil && table.rows + table.deletes > 0
        }
        guard !shaped.isEmpty else { return try store(batch, inbound) }
        let kept = try books.shapes(of: shaped.map { batch.header.tables[$0].name }, stream)
        for index in shaped where batch.header.tables[index].named != nil {
            let name = batch.header.tables[index].name
            guard let shape = kept[name], batch.header.tables[index].take(shape) else {
                try books.unpark(through: batch.header)
                if inbound.shapes == .kept { try books.note(.wanted, stream) }
                try books.leaveAck(stream)
                return .unknownShape(table: name)
            }
        }
        // What was refused once is not offered again in this epoch.
        if inbound.shapes != .refused {
            let told = shaped.map { batch.header.tables[$0] }.filter { kept[$0.name]?.hash != $0.shape }
            let keeping: ShapeKeeping = try keep(told, inPlaceOf: kept, stream) ? .kept : .refused
            if keeping != inbound.shapes { try books.note(keeping, stream) }
        }
        return try store(batch, inbound, known: Set(kept.keys))
    }

    /// - Returns: false when the stream has as many as it may.
    private func keep(
        _ tables: [TableHeader], inPlaceOf kept: [TableName: WireShape], _ stream: StreamID
    ) throws(StoreError) -> Bool {
        guard !tables.isEmpty else { return true }
        var size = try books.keptShapes(stream)
        for table in tables {
            let shape = WireShape(key: table.key, columns: table.columns)
            size.count += kept[table.name] == nil ? 1 : 0
            size.bytes += shape.bytes - (kept[table.name]?.bytes ?? 0)
            guard size.count <= Limit.shapes, size.bytes <= Limit.shapeBytes else { return false }
            try books.keep(shape, of: table.name, stream)
        }
        return true
    }
}
