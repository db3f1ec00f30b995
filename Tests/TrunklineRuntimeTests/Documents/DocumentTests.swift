import Foundation
import Testing
import TrunklineCore

@testable import TrunklineRuntime

/// The documents say what the code says.
@Suite struct DocumentTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../..").standardized

    private static let documents: [String] = {
        let paths = ["docs", "k8s"].flatMap { folder in
            (FileManager.default.subpaths(atPath: root.appending(path: folder).path) ?? []).map { "\(folder)/\($0)" }
        }
        return ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"] + paths.filter { $0.hasSuffix(".md") }.sorted()
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
        for link in try Self.text(document).matches(of: /\]\(([^)#]*)(#([^)]+))?\)/) where !link.1.contains("://") {
            let target = link.1.isEmpty ? Self.root.appending(path: document) : folder.appending(path: String(link.1))
            let path = target.standardized.path
            #expect(FileManager.default.fileExists(atPath: path), "\(document) links to \(link.1)")
            if let anchor = link.3, path.hasSuffix(".md") {
                let anchors = Self.anchors(try String(contentsOfFile: path, encoding: .utf8))
                #expect(anchors.contains(String(anchor)), "\(document) links to \(link.1)#\(anchor)")
            }
        }
    }

    @Test func everyAlertHasItsPlaceInTheRunbook() throws {
        let anchors = Self.anchors(try Self.text("docs/operations.md"))
        let alerts = try Self.text("k8s/components/metrics/alerts.yaml").matches(
            of: /runbook_url: docs\/operations.md#(.+)/)
        #expect(!alerts.isEmpty)
        for alert in alerts { #expect(anchors.contains(String(alert.1)), "\(alert.1)") }
    }

    /// The headings as links name them: in lower case, with hyphens for spaces, without punctuation.
    private static func anchors(_ text: String) -> Set<String> {
        Set(
            text.matches(of: /(?m)^#+ +(.+)$/).map { heading in
                heading.1.lowercased().filter { $0.isLetter || $0.isNumber || " -_".contains($0) }
                    .replacing(" ", with: "-")
            })
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
