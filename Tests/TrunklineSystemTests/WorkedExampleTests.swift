import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// What docs/conflicts.md shows is what happens: its examples are run, in their order, and print what is printed there.
@Suite(.enabled(if: TestEnvironment.hasPostgres && TestEnvironment.hasBroker))
struct WorkedExampleTests {
    private static let document: String = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized
        return (try? String(contentsOf: root.appending(path: "docs/conflicts.md"), encoding: .utf8)) ?? ""
    }()

    /// The fenced blocks of a language.
    private static func blocks(_ language: String) -> [String] {
        document.matches(of: /```([a-z]+)\n((?s).*?)```/).filter { $0.1 == language }.map { String($0.2) }
    }

    /// A line that somebody typed, or a remark in parentheses, and what is printed below it.
    private struct Step {
        var line: String
        var output: [String] = []

        static func all(in block: String) -> [Step] {
            var steps: [Step] = []
            for line in block.split(separator: "\n").map(String.init) {
                if line.hasPrefix("(") || line.contains(#/^(head clerk|[a-z]+ till)> |^head\$ /#) {
                    steps.append(Step(line: line))
                } else {
                    steps[steps.count - 1].output.append(line)
                }
            }
            return steps
        }
    }

    /// Without what is another one each time.
    private static func normal(_ text: String) -> [String] {
        text.split(separator: "\n").map {
            String($0).replacing(/[0-9]{4}-[0-9-]+T[0-9:.]+Z/, with: "TIME")
                .replacing(
                    #/, [^,]* (before|after) the head's/#,
                    with: ", SOME TIME FROM the head's"
                )
                .replacing(#/ +$/#, with: "")
        }
    }

    @Test func theDocumentsExamplesAreTrue() async throws {
        let yaml = try #require(Self.blocks("yaml").first)
        // As a variable has it: in one line.
        let entries = yaml.split(separator: "  - ").dropFirst().map { entry in
            "{" + entry.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.joined(separator: ", ")
                + "}"
        }
        let tables = "[" + entries.joined(separator: ", ") + "]"
        let schema = try #require(Self.blocks("sql").first)
        let site = try await Site(
            Pairing(branch: .sqlite, head: .postgres), branches: ["east", "west"], headSchema: schema,
            tables: Site.Tables(head: tables, branch: tables, branchSchema: schema))
        for service in Site.headServices + Site.headSenders { try site.start(service, at: site.head) }
        for branch in site.branches {
            for service in Site.branchServices + Site.branchReceivers { try site.start(service, at: branch) }
        }
        try await eventually("the tables have joined", within: .seconds(60)) {
            try site.head.run("select count(*) from trunkline.inbound where joined like '%setting%'") == "2"
        }
        try await site.settle(["east", "west"])
        let blocks = Self.blocks("console")
        #expect(blocks.count > 4)
        var online: Set<String> = ["east", "west"]
        for step in blocks.flatMap(Step.all) { try await run(step, site, &online) }
        try await site.stopAll()
    }

    private func run(_ step: Step, _ site: Site, _ online: inout Set<String>) async throws {
        func office(_ id: Substring) throws -> TestOffice {
            try #require(([site.head] + site.branches).first { $0.id == id })
        }
        if let remark = step.line.wholeMatch(of: /\((east|west) is (offline|online)\)/) {
            let branch = try office(remark.1)
            for service in ["branch-publisher", "branch-ingestor"] {
                if remark.2 == "online" {
                    try site.start(service, at: branch)
                } else {
                    try await site.kill("\(branch.id)/\(service)")
                }
            }
            if remark.2 == "online" { online.insert(branch.id) } else { online.remove(branch.id) }
            try await site.settle(online)
        } else if let statement = step.line.wholeMatch(of: #/([a-z]+) (clerk|till)> (.*)/#) {
            let printed = try office(statement.1).run(String(statement.3))
            #expect(Self.normal(printed) == step.output, "\(step.line)")
            try await site.settle(online)
        } else if let command = step.line.wholeMatch(of: #/head\$ trunkline (.*)/#) {
            let (_, printed) = try await site.exit(site.head, command.1.split(separator: " ").map(String.init))
            #expect(
                Self.normal(printed) == Self.normal(step.output.joined(separator: "\n")), "\(step.line)\n\(printed)")
            try await site.settle(online)
        } else {
            Issue.record("\(step.line): nobody knows what that is")
        }
    }
}

extension Site {
    /// Waits until these branches and the head have nothing to tell each other.
    fileprivate func settle(_ online: Set<String>) async throws {
        for branch in branches where online.contains(branch.id) {
            let down = StreamID(from: .head, to: OfficeID(branch.id)!)
            try await eventually("\(branch.id) and the head have told each other all", within: .seconds(60)) {
                let streams = try [status(branch)[0]] + status(head).filter { $0.stream == down }
                return streams.count == 2 && streams.allSatisfy { $0.pending == 0 && $0.inFlightBatches == 0 }
            }
        }
    }
}
