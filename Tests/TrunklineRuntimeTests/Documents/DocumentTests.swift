import Foundation
import Testing
import TrunklineCore

@testable import TrunklineRuntime

/// The documents say what the code says.
@Suite struct DocumentTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../..").standardized

    private static let documents: [String] = {
        let folder = root.appending(path: "docs/decisions").path
        let decisions = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return [
            "README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/chaos.md", "docs/monitoring.md",
            "docs/protocol.md",
            "docs/promises.md",
            "docs/security.md", "docs/threat-model.md",
        ] + decisions.sorted().map { "docs/decisions/\($0)" }
    }()

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    @Test func theReadmeHasTheReferenceOfAllKeys() throws {
        #expect(try Self.text("README.md").contains(SettingsReference.markdown))
    }

    @Test func theTableOfMetricsIsTheCatalogue() throws {
        #expect(try Self.text("docs/monitoring.md").contains(MetricsReference.markdown))
    }

    @Test(arguments: documents) func everyLinkLeadsSomewhere(document: String) throws {
        let folder = Self.root.appending(path: document).deletingLastPathComponent()
        for link in try Self.text(document).matches(of: /\]\(([^)#]+)[^)]*\)/) where !link.1.contains("://") {
            let path = folder.appending(path: String(link.1)).standardized.path
            #expect(FileManager.default.fileExists(atPath: path), "\(document) links to \(link.1)")
        }
    }

    @Test(arguments: ["docs/promises.md", "docs/threat-model.md"])
    func everyTestThatHoldsAPromiseExists(document: String) throws {
        let tests = Self.root.appending(path: "Tests").path
        let sources = try (FileManager.default.subpaths(atPath: tests) ?? []).filter { $0.hasSuffix(".swift") }
            .map { try Self.text("Tests/\($0)") }.joined()
        let names = try Self.text(document).matches(of: /`([a-z][a-z0-9]*[A-Z][A-Za-z0-9]+)`/).map(\.1)
        #expect(!names.isEmpty)
        // Not within #expect, which would print all sources.
        let missing = names.filter { !sources.contains("func \($0)(") }
        #expect(missing.isEmpty)
    }
}
