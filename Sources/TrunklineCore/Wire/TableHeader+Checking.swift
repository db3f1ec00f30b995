extension TableHeader {
    /// Whether what it says is worth looking at, and fits together.
    func check(_ limits: WireLimits) throws(WireError) {
        let counts = [rows, rowBytes, deletes, deleteBytes]
        guard counts.allSatisfy({ $0 >= 0 && $0 <= limits.bodyBytes }) else {
            throw WireError(.malformed, "a count of a table is out of range")
        }
        guard (1...limits.columns).contains(fieldCount) else {
            throw WireError(.tooLarge, "\(fieldCount) columns; 1 to \(limits.columns) are accepted")
        }
        guard (conflict ?? "").utf8.count <= limits.conflictBytes else {
            throw WireError(.tooLarge, "a policy of over \(limits.conflictBytes) bytes")
        }
        if let named = named { return try check(named, limits) }
        let names = columns.map(\.name)
        let texts = names + columns.map(\.type) + [name.name, name.schema ?? "-"]
        guard texts.allSatisfy({ (1...limits.nameBytes).contains($0.utf8.count) && !$0.utf8.contains(0) }) else {
            throw WireError(.tooLarge, "a name is empty or over \(limits.nameBytes) bytes")
        }
        guard Set(names).count == names.count, !key.isEmpty, Set(key).count == key.count,
            Set(key).isSubset(of: names)
        else { throw WireError(.malformed, "columns and key of a table do not fit together") }
        if let shape = shape, shape != WireShape(key: key, columns: columns).hash {
            throw WireError(.malformed, "the hash of a table's shape is not that of its columns")
        }
        let known = Set(names)
        for misfit in misfits ?? [] where !(0..<rows).contains(misfit.row) || !known.contains(misfit.column) {
            throw WireError(.malformed, "a misfit names a row or column that is not there")
        }
    }

    /// The columns of misfits are looked at with the shape.
    private func check(_ named: NamedFields, _ limits: WireLimits) throws(WireError) {
        guard let shape = shape, shape.utf8.count == 2 * WireShape.hashBytes else {
            throw WireError(.malformed, "a table has no columns, and names no shape")
        }
        let texts = [name.name, name.schema ?? "-"]
        guard texts.allSatisfy({ (1...limits.nameBytes).contains($0.utf8.count) && !$0.utf8.contains(0) }) else {
            throw WireError(.tooLarge, "a name is empty or over \(limits.nameBytes) bytes")
        }
        guard !named.key.isEmpty, named.key.allSatisfy((0..<named.count).contains),
            Set(named.key).count == named.key.count
        else { throw WireError(.malformed, "columns and key of a table do not fit together") }
        guard (misfits ?? []).allSatisfy({ (0..<rows).contains($0.row) }) else {
            throw WireError(.malformed, "a misfit names a row or column that is not there")
        }
    }
}
