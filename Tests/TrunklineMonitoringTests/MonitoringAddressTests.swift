import Testing
import TrunklineMonitoring

@Suite struct MonitoringAddressTests {
    @Test(arguments: ["127.0.0.1:9464", "0.0.0.0:0", "[::]:9464", "localhost:80", "[fe80::1%eth0]:1"])
    func isReadAndWritten(text: String) throws { #expect(try #require(MonitoringAddress(text)).description == text) }

    @Test(arguments: [
        "", "9464", ":9464", "127.0.0.1", "127.0.0.1:", "h:65536", "h:-1", "::1:80", "[x]:80", "a b:80", "h:80/",
    ])
    func isRefused(text: String) { #expect(MonitoringAddress(text) == nil) }

    @Test func anyAddressIsReachedOverTheLoopback() throws {
        #expect(try #require(MonitoringAddress("0.0.0.0:1")).local.description == "127.0.0.1:1")
        #expect(try #require(MonitoringAddress("[::]:1")).local.description == "[::1]:1")
        #expect(try #require(MonitoringAddress("10.0.0.7:1")).local.description == "10.0.0.7:1")
    }
}
