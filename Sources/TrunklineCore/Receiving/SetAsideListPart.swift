/// What one ack says of the list of set-aside rows.
public struct SetAsideListPart: Hashable, Sendable {
    /// How far it tells.
    public var version: Int64
    /// As ``Ack/setAsideFrom``.
    public var from: Int64?
    /// As ``Ack/setAside``.
    public var notices: [SetAsideNotice]?
    /// As ``Ack/gone``.
    public var gone: [SetAsideKey]?

    /// A change of the list.
    public struct Change: Hashable, Sendable {
        public var version: Int64
        public var key: SetAsideKey
        /// Why the row is set aside now; nil: it is not any more.
        public var reason: String?

        public init(version: Int64, key: SetAsideKey, reason: String?) {
            self.version = version
            self.key = key
            self.reason = reason
        }
    }

    /// Nothing, or the whole list.
    public init(version: Int64, notices: [SetAsideNotice]? = nil) {
        self.version = version
        self.notices = notices
    }

    /// The next part of the differences.
    /// - Parameters:
    ///   - changes: after `told`, the lowest version first: one more than ``Ack/maximalChanges`` when there are so many.
    ///   - version: of the list now.
    ///   - isWhole: whether they begin the whole list.
    public init(_ changes: [Change], version: Int64, after told: Int64, isWhole: Bool) {
        var bytes = 0
        let part = changes.prefix(Ack.maximalChanges).prefix { change in
            // One at least, whatever its size.
            defer { bytes += change.key.key.description.utf8.count + (change.reason?.utf8.count ?? 0) }
            return bytes < Ack.maximalListBytes
        }
        self.version = changes.count > part.count ? part.last!.version : version
        from = isWhole ? nil : told
        notices = part.compactMap { change in
            change.reason.map { SetAsideNotice(table: change.key.table, key: change.key.key, reason: $0) }
        }
        let gone = part.filter { $0.reason == nil }.map(\.key)
        self.gone = gone.isEmpty ? nil : gone
    }
}
