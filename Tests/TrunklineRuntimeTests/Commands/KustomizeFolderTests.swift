import Foundation
import Testing
import TrunklineCore
import TrunklineRuntime
import TrunklineTesting

@testable import trunkline

@Suite struct KustomizeFolderTests {
    private let list = """
        # The overlay.
        namespace: testbed
        resources:
          - ../../base/head   # one head
          # branches
          - branches/east
        components:
          - ../../components/tls

        """

    @Test func aResourceIsAddedOnceAtTheEndOfItsList() throws {
        let added = try #require(try KustomizeFolder.adding("branches/west", to: list))
        #expect(added == list.replacing("  - branches/east\n", with: "  - branches/east\n  - branches/west\n"))
        #expect(try KustomizeFolder.adding("branches/west", to: added) == nil)
        #expect(try KustomizeFolder.adding("branches/east", to: list) == nil)
        #expect(throws: CommandFailure.self) { try KustomizeFolder.adding("branches/west", to: "resources: []\n") }
    }

    @Test func aBranchIsWrittenIntoAnOverlayOnce() throws {
        let directory = try TemporaryDirectory()
        let overlay = directory.file("overlay")
        #expect(throws: CommandFailure.self) { try KustomizeFolder(overlay: overlay, branch: OfficeID("bo-17")!) }
        try FileManager.default.createDirectory(atPath: overlay + "/branch", withIntermediateDirectories: true)
        try list.write(toFile: overlay + "/kustomization.yaml", atomically: true, encoding: .utf8)
        try "".write(toFile: overlay + "/branch/kustomization.yaml", atomically: true, encoding: .utf8)
        let folder = try KustomizeFolder(overlay: overlay, branch: OfficeID("bo-17")!)
        #expect(try folder.write() == .written)
        let written = try String(contentsOfFile: folder.path, encoding: .utf8)
        #expect(written.contains("namePrefix: bo-17-\n") && written.contains("- TRUNKLINE_OFFICE_ID=bo-17\n"))
        try "of my own".write(toFile: folder.path, atomically: true, encoding: .utf8)
        #expect(try folder.write() == .wasThere)
        #expect(try String(contentsOfFile: folder.path, encoding: .utf8) == "of my own")
        for name in ["17-bo", "bo-", String(repeating: "b", count: 41)] {
            #expect(throws: CommandFailure.self, "\(name)") {
                try KustomizeFolder(overlay: overlay, branch: OfficeID(name)!)
            }
        }
    }

    @Test func aPasswordFileHoldsOneLine() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("password")
        func read(_ content: String) throws -> String {
            try content.write(toFile: path, atomically: true, encoding: .utf8)
            return try PasswordFile(argument: path).read()
        }
        #expect(try read("secret\n") == "secret")
        #expect(try read("secret") == "secret")
        for content in ["", "\n", "two\nlines\n", String(repeating: "x", count: 2000)] {
            #expect(throws: CommandFailure.self) { try read(content) }
        }
        #expect(throws: CommandFailure.self) { try PasswordFile(argument: directory.file("none")).read() }
    }
}
