internal import Foundation
internal import TrunklineCore

/// The body of `/livez`, `/readyz` and `/healthz`, as JSON.
public struct HealthReport: Codable, Sendable {
    public var ok: Bool
    public var office: String
    public var version: String
    public var services: [Service]

    public struct Service: Codable, Sendable {
        public var service: String
        public var ok: Bool
        /// Why not, for people; none while it is.
        public var problems: [String]
        /// `up`, `down`, or `unknown` before the first try.
        public var link: String
        /// Since when, RFC 3339.
        public var linkSince: String
        /// Why it is down.
        public var linkError: String?

        private enum CodingKeys: String, CodingKey {
            case service, ok, problems, link
            case linkSince = "link_since"
            case linkError = "link_error"
        }
    }

    init(
        _ question: HealthQuestion, office: OfficeID, version: String, services: [(String, HealthVerdict)],
        at now: ContinuousClock.Instant
    ) {
        self.office = office.description
        self.version = version
        self.services = services.map { Service($0.0, $0.1, question, at: now) }
        ok = self.services.allSatisfy(\.ok)
    }

    /// From the body of an answer; nil when it is none of ours.
    public init?(json: [UInt8]) {
        guard let report = try? JSONDecoder().decode(HealthReport.self, from: Data(json)) else { return nil }
        self = report
    }

    var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Strings and flags are always JSON.
        return SafeText.json(String(decoding: try! encoder.encode(self), as: UTF8.self))
    }
}

extension HealthReport.Service {
    fileprivate init(
        _ name: String, _ verdict: HealthVerdict, _ question: HealthQuestion, at now: ContinuousClock.Instant
    ) {
        service = name
        switch question {
        case .live:
            ok = verdict.isAlive
            problems = verdict.isAlive ? [] : ["the loop is stuck in one step"]
        case .ready:
            ok = verdict.isReady
            problems = verdict.isReady ? [] : ["the database is not open, or \"trunkline init\" has not been run in it"]
        case .health:
            ok = verdict.isHealthy
            problems = verdict.problems.map(\.description)
        }
        switch verdict.link {
        case .unknown: link = "unknown"
        case .up: link = "up"
        case .down(let reason): (link, linkError) = ("down", reason)
        }
        let age = now - verdict.linkSince
        linkSince = Date(timeIntervalSinceNow: -(age / .seconds(1))).formatted(.iso8601)
    }
}
