/// Whose fault an error is, and so who waits for its mending: never anybody else.
public enum ErrorOwner: Hashable, Sendable {
    /// The row is set aside.
    case row
    /// The rows of that table are set aside.
    case table
    /// The stream is held: an error that nobody foresaw, or that a person must mend for this stream alone.
    case stream
    /// All wait: the server is away, full, or read-only.
    case database
    /// The stream is held, and the log has all that is needed to find the mistake.
    case program
}

extension StoreError {
    /// Whose fault it is when it was not the sink that judged: the sink has set rows aside already.
    public var owner: ErrorOwner {
        switch code {
        case .unreachable, .full, .accessRefused, .notInitialised, .configuration: .database
        case .contention, .table, .database: .stream
        case .program: .program
        }
    }
}
