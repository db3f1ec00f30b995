import Foundation
import Testing
import TrunklineTesting

/// `scripts/generate-secrets` and `scripts/generate-certificates`.
@Suite struct GeneratorTests {
    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    private func content(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    @Test func secretsAreLongPrivateAndNeverOverwritten() throws {
        let directory = try TemporaryDirectory()
        let folder = directory.file("secrets")
        try Command.script("generate-secrets", [folder, "broker", "database"])
        let broker = try content(folder + "/broker")
        #expect(broker.count == 33 && broker.dropLast().allSatisfy { $0.isLetter || $0.isNumber })
        #expect(try content(folder + "/database") != broker)
        #expect(try mode(folder) == 0o700)
        #expect(try mode(folder + "/broker") == 0o600)
        #expect(try Command.script("generate-secrets", [folder, "broker"]).contains("is there already"))
        #expect(try content(folder + "/broker") == broker)
        #expect(throws: TestFailure.self) { try Command.script("generate-secrets", [folder, "../x"]) }
    }

    @Test func aClustersSecretsAreMadeOnceAndFollowItsBranches() throws {
        let directory = try TemporaryDirectory()
        let overlay = directory.file("overlay")
        func write(_ name: String, _ text: String) throws {
            let path = "\(overlay)/\(name)"
            try FileManager.default.createDirectory(
                atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            try text.write(toFile: path, atomically: true, encoding: .utf8)
        }
        try write("kustomization.yaml", "namespace: office-net\n")
        try write("namespace.yaml", "kind: Namespace\n")
        try write("branches/east/kustomization.yaml", "")
        func generate() throws -> String {
            try Command.script("generate-secrets", ["--cluster", overlay, "--broker-name", "broker.example"])
        }
        func names(_ manifests: String) -> Set<String> {
            Set(manifests.split(separator: "\n").filter { $0.hasPrefix("  name: ") }.map { String($0.dropFirst(8)) })
        }
        let first = try generate()
        let office = { (name: String) in
            ["database", "database-owner", "database-service", "broker"].map { "\(name)-\($0)" }
        }
        let own: Set = ["authority", "rabbitmq", "rabbitmq-management"]
        #expect(names(first) == own.union(office("head") + office("east")))
        #expect(first.contains("namespace: office-net"))
        #expect(try generate() == first)
        try write("branches/west/kustomization.yaml", "")
        let second = try generate()
        #expect(names(second) == names(first).union(office("west")))
        #expect(second.hasPrefix(first))
        let secrets = overlay + "/secrets"
        #expect(try mode(secrets) == 0o700)
        #expect(try mode(secrets + "/east-database-owner-url") == 0o600)
        #expect(
            try content(secrets + "/east-broker-url")
                == "amqps://trunkline.east:\(content(secrets + "/east-broker-password").dropLast())@rabbitmq:5671/\n")
        try Command.run(
            "openssl",
            [
                "verify", "-CAfile", secrets + "/ca.pem", "-verify_hostname", "broker.example",
                secrets + "/rabbitmq.pem",
            ])
        #expect(throws: TestFailure.self) {
            try Command.script("generate-secrets", ["--cluster", directory.file("none")])
        }
    }

    @Test func certificatesAreRightPrivateAndNeverOverwritten() throws {
        let directory = try TemporaryDirectory()
        let folder = directory.file("tls")
        func generate(_ arguments: String...) throws -> String {
            try Command.script("generate-certificates", [folder] + arguments)
        }
        #expect(throws: TestFailure.self) { try generate("office", "east") }
        _ = try generate("ca")
        _ = try generate("server", "broker", "broker.example", "10.0.0.5", "::1")
        _ = try generate("office", "east", "west")
        func verify(_ name: String, _ purpose: String, _ more: String...) throws {
            try Command.run(
                "openssl",
                ["verify", "-x509_strict", "-CAfile", "\(folder)/ca.pem", "-purpose", purpose] + more
                    + ["\(folder)/\(name).pem"])
        }
        try verify("broker", "sslserver", "-verify_hostname", "broker.example")
        try verify("broker", "sslserver", "-verify_ip", "10.0.0.5")
        try verify("east", "sslclient")
        #expect(throws: TestFailure.self) { try verify("broker", "sslserver", "-verify_hostname", "other.example") }
        #expect(throws: TestFailure.self) { try verify("broker", "sslclient") }
        #expect(throws: TestFailure.self) { try verify("east", "sslserver") }
        for name in ["ca", "broker", "east", "west"] {
            #expect(try mode("\(folder)/\(name).key") == 0o600)
            #expect(try mode("\(folder)/\(name).pem") == 0o644)
        }
        let before = try ["ca.pem", "ca.key", "east.pem", "east.key"].map { try content("\(folder)/\($0)") }
        #expect(try generate("ca").contains("is there already"))
        #expect(try generate("office", "east").contains("is there already"))
        #expect(try generate("server", "broker", "broker.example", "::1").contains("is there already"))
        let notFor = #expect(throws: TestFailure.self) {
            try generate("server", "broker", "broker.example", "new.example")
        }
        #expect(notFor?.description.contains("broker.pem is not for 'new.example'; move it away") == true)
        #expect(throws: TestFailure.self) { try generate("server", "broker", "10.0.0.6") }
        #expect(try ["ca.pem", "ca.key", "east.pem", "east.key"].map { try content("\(folder)/\($0)") } == before)
        // Renewal: the certificate is moved away, the key stays.
        try FileManager.default.moveItem(atPath: "\(folder)/east.pem", toPath: "\(folder)/east.pem.old")
        _ = try generate("office", "east")
        #expect(try content("\(folder)/east.pem") != before[2])
        #expect(try content("\(folder)/east.key") == before[3])
        try verify("east", "sslclient")
    }

    @Test func certificatesThatEndSoonAreNamed() throws {
        let directory = try TemporaryDirectory()
        let folder = directory.file("tls")
        try Command.script("generate-certificates", [folder, "ca"])
        try Command.script("generate-certificates", ["--days", "10", folder, "server", "broker", "broker.example"])
        func check(_ days: String) throws -> Command.Outcome {
            let script = Command.root.appending(path: "scripts/generate-certificates").path
            return try Command.attempt(script, ["--days", days, folder, "check"])
        }
        #expect(try check("5").exit == .code(0))
        let soon = try check("30")
        #expect(soon.exit == .code(1))
        #expect(soon.output.contains("broker.pem ends within 30 days: ") && !soon.output.contains("ca.pem"))
    }
}
