import Foundation
import Testing
import TrunklineCore
import TrunklinePostgres
import TrunklineTesting

/// `sslmode=verify-full` against a server of its own, whose certificate names `localhost` alone.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct PostgresTLSTests {
    @Test func provesWhoTheServerIs() async throws {
        let server = try await PrivatePostgres()
        let directory = try TemporaryDirectory()
        let (tls, other) = (directory.file("tls"), directory.file("other"))
        try Command.script("generate-certificates", [tls, "ca"])
        try Command.script("generate-certificates", [tls, "server", "database", "localhost"])
        try Command.script("generate-certificates", [other, "ca"])
        // A server that root started runs as another user, who must own the key.
        if geteuid() == 0 { try Command.run("chown", ["postgres", "\(tls)/database.key"]) }
        let postgres = try TestPostgres(server: server.url)
        try postgres.run("alter system set ssl_cert_file = '\(tls)/database.pem'")
        try postgres.run("alter system set ssl_key_file = '\(tls)/database.key'")
        try postgres.run("alter system set ssl = on")
        try postgres.run("select pg_reload_conf()")
        try await eventually("the server speaks TLS") {
            (try? postgres.run("show ssl")) == "on"
        }
        func error(host: String, _ options: String) async -> StoreError? {
            let url = postgres.url.replacing("127.0.0.1", with: host) + "?" + options
            do throws(StoreError) {
                let store = try PostgresStore(url: url)
                _ = try await store.initialise(OfficeSetup(office: .head, role: .head, tables: []))
                await store.close()
                return nil
            } catch {
                return error
            }
        }
        #expect(await error(host: "localhost", "sslmode=verify-full&sslrootcert=\(tls)/ca.pem") == nil)
        let misnamed = await error(host: "127.0.0.1", "sslmode=verify-full&sslrootcert=\(tls)/ca.pem")
        #expect(misnamed?.reason.contains("does not match host name") == true, "\(misnamed as Any)")
        let untrusted = await error(host: "localhost", "sslmode=verify-full&sslrootcert=\(other)/ca.pem")
        #expect(untrusted?.reason.contains("certificate verify failed") == true, "\(untrusted as Any)")
    }
}
