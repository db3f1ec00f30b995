/// When a stream that is held is tried again, and after how many failures in a row it is held.
public enum HoldPolicy {
    /// A lane that fails so often on one batch holds its stream. Twice may be a moment.
    public static let failuresBeforeHold = 3
    /// The same where others had its rows locked, or changed them all the time: a moment may come again.
    public static let contentionsBeforeHold = 10

    /// 5 seconds, doubled each time, five minutes at most.
    public static func pause(after failures: Int) -> Duration {
        .seconds(min(300, 5 << min(max(failures - 1, 0), 6)))
    }
}

/// When a set-aside row is tried again.
public enum RetryPause {
    /// A row that lacks its parent is tried after every batch of its stream, so often.
    public static let eagerTries = 20
    /// In seconds.
    public static let longest = 300
}
