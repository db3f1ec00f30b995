internal import FoundationEssentials

/// The metadata keys of all log messages.
public enum LogKey {
    public static let service = "service"
    public static let office = "office"
    public static let stream = "stream"
    public static let branch = "branch"
    public static let batch = "batch"
    /// The batch's id, as ``UUID/logText``: follows a batch from the publisher to the ack listener.
    public static let batchID = "batch_id"
    /// The broker's user who sent a message.
    public static let user = "user"
    public static let attempt = "attempt"
    public static let table = "table"
    public static let rows = "rows"
    public static let deletes = "deletes"
    public static let setAside = "set_aside"
    public static let bytes = "bytes"
    public static let count = "count"
    public static let watermark = "watermark"
    /// Where a connection leads, without secrets.
    public static let place = "place"
    public static let reason = "reason"
    public static let error = "error"
    public static let retryIn = "retry_in"
}

extension UUID {
    /// As databases and messages write it too, so that one search finds all of them.
    var logText: String { uuidString.lowercased() }
}
