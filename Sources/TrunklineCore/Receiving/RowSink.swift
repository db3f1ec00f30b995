/// Where a receiver's rows go, within one transaction that the engine holds.
///
/// The sink knows tables and types; it does not know streams' watermarks, acks or set-aside rows. Failures that are the
/// row's or its table's fault come back as ``LineFailure``; what is anybody else's is thrown (``ErrorOwner``).
public protocol RowSink {
    /// Takes tables of this name so, whatever this office's configuration said at the last `init`, until the transaction ends:
    /// for transactions that are undone.
    func assume(_ acceptance: TableAcceptance, of table: TableName)
    /// Whether the receiver's table takes rows of this shape.
    func fit(_ table: TableHeader, of stream: StreamID, for use: TableUse) throws(StoreError) -> TableFit
    /// Applies the groups in their order, each line on its own merits.
    /// - Precondition: each group's table fits.
    /// - Parameter individually: they failed before, so that trying all at once first is of no use.
    /// - Returns: the lines that could not be stored; all others are.
    func apply(_ groups: [LineGroup], of stream: StreamID, individually: Bool) throws(StoreError) -> [LineFailure]
    /// Keeps the receiver's present rows of the groups' keys in `superseded_row`, but for those that a group says as they
    /// are.
    func keepImages(replacedBy groups: [LineGroup], of stream: StreamID) throws(StoreError)
    /// Adds the receiver's rows of the stream to a digest.
    /// - Precondition: the table fits.
    /// - Returns: why they cannot be read, which is the table's matter and nobody else's; nil: they were.
    func scan(_ table: TableHeader, of stream: StreamID, into digester: inout RowDigester) throws(StoreError) -> String?
    /// The stream's rows of these keys, as they travel. It ends before the lines come to more bytes than the limit, if
    /// need be before the first one.
    /// - Precondition: the table fits.
    /// - Parameter keys: as a verification names them, or as a line has them.
    func rows(of keys: [RowKey], _ table: TableHeader, of stream: StreamID, _ limits: ReadLimits) throws(StoreError)
        -> FoundRows
    /// Keeps programs from changing the stream's rows of these keys until the transaction ends, as far as there are any.
    /// - Precondition: the table fits.
    /// - Returns: the indices of those that another session has locked for longer than is waited.
    func lock(_ keys: [RowKey], _ table: TableHeader, of stream: StreamID) throws(StoreError) -> Set<Int>
    /// The highest key of the stream's rows that are stored or set aside, when it is one integer column.
    /// - Parameter name: of the table, as the sender calls it.
    func highestKey(_ table: TableHeader, named name: TableName, of stream: StreamID) throws(StoreError) -> Int64?
}

/// What a store lends the engine for one transaction.
public typealias ReceiverTransaction = ReceiverBooks & RowSink & RowComputer

/// For what a receiver's table is wanted.
public enum TableUse: Hashable, Sendable {
    case storing
    /// As before, and columns that it lacks are added now, where they are to be.
    case extending
    /// As before, and one that is missing is made now.
    case making
    /// Its rows are looked at, also of a table that is only to be shared (``PlannedTable``).
    case comparing
}

/// Whether a table takes rows.
public enum TableFit: Hashable, Sendable {
    case fits
    /// It does, but for some of its columns: each row is kept whole too, until there are such columns.
    case partly(reason: String)
    /// It does now: it was missing, and has been made.
    case made
    /// There is none.
    case missing
    /// There is one, or none can be made; with the way out.
    case unfit(reason: String)
    /// It is not for this sender to write: the two configurations differ.
    case refused(reason: String)
}
