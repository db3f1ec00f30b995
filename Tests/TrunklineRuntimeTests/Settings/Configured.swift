import Foundation

@testable import TrunklineRuntime

/// A configuration for one test: a YAML file in a folder of its own, environment and flags.
struct Configured {
    var yaml: String?
    var environment: [String: String] = [:]
    var flags: [String: String] = [:]

    static let complete = """
        office: {id: east}
        database: {url: "sqlite:///var/lib/shop.db"}
        broker: {url: "amqp://east:secret@localhost/"}
        tables: [product_sales, stock.items]
        """

    /// - Parameter files: written beside the YAML file; `DIR` in YAML, environment and flags stands for their folder.
    func load(
        for requirements: SettingsRequirements = SettingsRequirements("test"), files: [String: String] = [:]
    ) async throws -> Settings {
        let folder = FileManager.default.temporaryDirectory.appending(path: "trunkline-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, text) in files { try Data(text.utf8).write(to: folder.appending(path: name)) }
        func placed(_ text: String) -> String { text.replacingOccurrences(of: "DIR", with: folder.path) }
        var file: String?
        if let yaml {
            let url = folder.appending(path: "office.yaml")
            try Data(placed(yaml).utf8).write(to: url)
            file = url.path
        }
        return try await Settings.load(
            flags: flags.mapValues(placed), environment: environment.mapValues(placed), file: file, for: requirements)
    }

    /// The problems that loading reports; empty when it succeeds.
    func problems(
        for requirements: SettingsRequirements = SettingsRequirements("test"), files: [String: String] = [:]
    ) async throws -> [String] {
        do {
            _ = try await load(for: requirements, files: files)
            return []
        } catch let error as SettingsError {
            return error.problems
        }
    }
}
