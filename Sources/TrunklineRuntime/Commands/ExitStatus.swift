public import ArgumentParser
internal import TrunklineCore
internal import TrunklineMonitoring

/// The exit codes of all executables. From 64 on they are those of sysexits.h.
public enum ExitStatus: Int32, Sendable, CaseIterable {
    case success = 0
    /// Not all was done in the time given, or somebody did not answer.
    case incomplete = 1
    /// Branch and head differ.
    case differs = 2
    /// Rows are set aside.
    case setAside = 3
    /// The stream is stopped.
    case stopped = 4
    case usage = 64
    /// The database or the broker cannot be reached, or refuses us.
    case unavailable = 69
    case software = 70
    case configuration = 78
    case interrupted = 130

    public var code: ExitCode { ExitCode(rawValue) }
}

extension ExitStatus {
    /// The code for an error that a command could not deal with.
    init(_ error: any Error) {
        self =
            switch error {
            case let error as StoreError: ExitStatus(error.code)
            case let error as BrokerError: ExitStatus(error.code)
            case is SettingsError, is MonitoringError: .configuration
            case let error as CommandFailure: error.status
            default: .software
            }
    }

    private init(_ code: StoreError.Code) {
        self =
            switch code {
            case .unreachable, .accessRefused, .contention, .full: .unavailable
            case .notInitialised, .table, .configuration: .configuration
            case .database, .program: .software
            }
    }

    private init(_ code: BrokerError.Code) {
        self =
            switch code {
            case .unreachable, .accessRefused, .tls, .closedByBroker: .unavailable
            case .topology, .configuration: .configuration
            case .tooLarge: .software
            }
    }
}
