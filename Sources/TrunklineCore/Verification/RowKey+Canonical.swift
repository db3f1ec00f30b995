extension RowKey {
    /// As a verification names the row: `12.50` and `12.5` are one key.
    /// - Parameter table: whose key this is.
    public func canonical(in table: TableHeader) -> RowKey {
        RowKey(
            zip(values, table.key).map { value, name in
                guard let value, let type = table.columns.first(where: { $0.name == name })?.type else { return value }
                return String(
                    decoding: CanonicalValue.apply(CanonicalValue.rule(for: type), to: Array(value.utf8)[...]),
                    as: UTF8.self)
            })
    }
}
