extension TableContent {
    /// The keys of all rows and deletes.
    public func keys() -> [RowKey] {
        let indices = key.map { name in columns.firstIndex { $0.name == name }! }
        let ofRows = rows.split(separator: CopyText.newline, omittingEmptySubsequences: false).dropLast().map { line in
            let fields = line.split(separator: CopyText.tab, omittingEmptySubsequences: false)
            return RowKey(indices.map { CopyText.value(fields[$0]) })
        }
        let ofDeletes = deletes.split(separator: CopyText.newline, omittingEmptySubsequences: false).dropLast().map {
            RowKey(Array(CopyText.fields($0).prefix(key.count)))
        }
        return ofRows + ofDeletes
    }
}
