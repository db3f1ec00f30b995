import Testing
import TrunklineCore

@testable import TrunklineRuntime

@Suite struct OfficeRoleTests {
    private func configured(_ office: String) -> Configured {
        Configured(yaml: "office: {\(office)}\ndatabase: {url: sqlite:///x}")
    }

    @Test(arguments: [
        ("id: head", OfficeID.head, OfficeRole.head), ("role: head", .head, .head),
        ("id: bo-17", OfficeID("bo-17")!, .branch),
        ("id: east, role: branch", OfficeID("east")!, .branch),
    ])
    func idAndRoleFollowFromEachOther(office: String, id: OfficeID, role: OfficeRole) async throws {
        #expect(try await configured(office).load().office == OfficeSettings(id: id, role: role))
    }

    @Test(arguments: [
        (
            "id: east, role: head",
            "office.id: the head office is always named head, not east; leave office.id out, or set office.role to branch"
        ),
        ("id: head, role: branch", "office.id: a branch may not be named head; give it a name of its own"),
        ("id: all", "office.id: a branch may not be named all; give it a name of its own"),
        (
            "id: East",
            "office.id: \"East\" is not an office name; use a-z, 0-9 and -, at most 63 of them, not - at the start"
        ),
        (
            "role: branch",
            "office.id: is missing; set it in the configuration file or as TRUNKLINE_OFFICE_ID; give this branch its name, such as east"
        ),
    ])
    func whatDoesNotFitIsRefused(office: String, expected: String) async throws {
        #expect(try await configured(office).problems() == [expected])
    }

    @Test func aServiceRefusesTheWrongOffice() async throws {
        let environment = ["TRUNKLINE_BROKER_URL": "amqp://u:p@localhost"]
        var configured = configured("id: east")
        configured.environment = environment
        #expect(
            try await configured.problems(for: OfficeService.headIngestor.requirements) == [
                "office.role: head-ingestor runs at the head; office.role is branch"
            ])
        #expect(try await configured.problems(for: OfficeService.branchPublisher.requirements) == [])
        configured.yaml = "office: {id: head}\ndatabase: {url: sqlite:///x}"
        #expect(
            try await configured.problems(for: OfficeService.branchIngestor.requirements) == [
                "office.role: branch-ingestor runs at a branch; office.role is head"
            ])
        // Where batches are sent from, which is both ends.
        #expect(try await configured.problems(for: OfficeService.staleReaper.requirements) == [])
    }

    @Test func needsDependOnTheRole() async throws {
        let requirements = SettingsRequirements("init", broker: .at(.head), tables: .at(.branch))
        let head = try await configured("id: head").problems(for: requirements)
        #expect(head.map { $0.prefix(20) } == ["broker.url: is missi"])
        let branch = try await configured("id: east").problems(for: requirements)
        #expect(branch.map { $0.prefix(16) } == ["tables: is missi"])
    }
}
