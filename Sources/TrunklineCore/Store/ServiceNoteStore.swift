/// What the services of an office leave in its database about themselves, so that `trunkline status` can say why
/// nothing moves.
///
/// A row a service and machine; copies of one service on one machine share it, and the last word counts. For people
/// only: nothing is decided by it. It holds no row data and no passwords.
public protocol ServiceNoteStore: Sendable {
    /// Puts the report in the place of the one before, and forgets machines of which nothing was heard for a week.
    func noteService(_ report: ServiceReport) async throws(StoreError)

    /// All that is known, by service and machine.
    func serviceNotes() async throws(StoreError) -> [ServiceNote]
}

/// How a service is, as it says itself.
public struct ServiceReport: Hashable, Sendable {
    /// As the executable is called.
    public var service: String
    /// The machine, or the pod.
    public var host: String
    /// Why its last step failed; nil: it did not.
    public var failure: String?
    /// For how long it fails without a success between, in seconds.
    public var failingSeconds: Double?
    /// How many steps failed since then.
    public var failures: Int
    /// The age of its last step that succeeded, in seconds; nil: none did since it started.
    public var successSeconds: Double?
    /// Whether it was asked to end, and has ended.
    public var isStopped: Bool

    /// A longer message is cut: it is for one line.
    public static let maximalFailureLength = 500

    public init(
        service: String, host: String, failure: String? = nil, failingSeconds: Double? = nil, failures: Int = 0,
        successSeconds: Double? = nil, isStopped: Bool = false
    ) {
        self.service = service
        self.host = host
        self.failure = failure.map { String($0.prefix(ServiceReport.maximalFailureLength)) }
        self.failingSeconds = failingSeconds
        self.failures = failures
        self.successSeconds = successSeconds
        self.isStopped = isStopped
    }
}

/// A ``ServiceReport`` as it is found later.
public struct ServiceNote: Hashable, Sendable, Codable {
    public var service: String
    public var host: String
    public var failure: String?
    /// When the failures began, as ISO 8601 in UTC.
    public var failingSince: String?
    public var failures: Int
    /// Age of the last step that succeeded, in seconds, as of the report; nil: none.
    public var successSeconds: Double?
    /// Age of the report, in seconds.
    public var seenSeconds: Double
    public var isStopped: Bool

    public init(
        service: String, host: String, failure: String?, failingSince: String?, failures: Int, successSeconds: Double?,
        seenSeconds: Double, isStopped: Bool
    ) {
        self.service = service
        self.host = host
        self.failure = failure
        self.failingSince = failingSince
        self.failures = failures
        self.successSeconds = successSeconds
        self.seenSeconds = seenSeconds
        self.isStopped = isStopped
    }
}
