import Foundation
import TrunklineCore
import TrunklineManagement
import TrunklineRuntime

/// A directory with what a new branch needs: configuration, credentials, the broker's authority. Overwrites nothing.
struct BranchKit {
    private static let configuration = "office.yaml"
    private static let brokerURL = "broker-url"
    private static let authority = "ca.pem"
    private static let readme = "README"

    private let directory: String

    /// Makes the directory, and looks that no file of a kit is there, before anything else is done.
    init(at path: String) throws {
        directory = path
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw CommandFailure(.configuration, "the directory \(path) cannot be made: \(error.localizedDescription)")
        }
        for name in [Self.configuration, Self.brokerURL, Self.authority, Self.readme]
        where FileManager.default.fileExists(atPath: file(name)) {
            throw CommandFailure(.configuration, "\(file(name)) is there already; name an empty directory")
        }
    }

    /// - Parameter address: the broker, as the branch reaches it.
    func write(
        _ branch: OfficeID, _ credentials: BranchCredentials, at address: BrokerAddress, caFile: String?
    ) throws {
        let url = address.url(user: credentials.user, password: credentials.password)
        try write(Self.brokerURL, mode: 0o600, url.revealed + "\n")
        if let caFile { try write(Self.authority, mode: 0o644, try String(contentsOfFile: caFile, encoding: .utf8)) }
        try write(
            Self.configuration, mode: 0o644,
            configuration(branch, hasAuthority: caFile != nil, isPlaintext: address.isPlaintext))
        try write(Self.readme, mode: 0o644, readme(branch, hasAuthority: caFile != nil))
    }

    private func configuration(_ branch: OfficeID, hasAuthority: Bool, isPlaintext: Bool) -> String {
        """
        # Trunkline at the branch \(branch). Paths are relative to this file.
        office:
          id: \(branch)
        database:
          url-file: database-url      # write it: sqlite:///var/lib/shop.db or postgres://…?sslmode=verify-full
        broker:
          url-file: \(Self.brokerURL)
        \(hasAuthority ? "  tls:\n    ca-file: \(Self.authority)\n" : "")\
        \(isPlaintext ? "allow-plaintext: true\n" : "")\
        tables:                       # the tables to sync, such as [product_sales]

        """
    }

    private func readme(_ branch: OfficeID, hasAuthority: Bool) -> String {
        """
        The kit of the branch \(branch), for Trunkline.

          \(Self.configuration)   the configuration: name the tables in it
          \(Self.brokerURL)    secret: the broker with the branch's user and password\(hasAuthority ? "\n  \(Self.authority)        the authority that vouches for the broker" : "")

        1. Bring this directory to the branch by a way that nobody else can read, as to /etc/trunkline, and delete it
           here. \(Self.brokerURL) stays readable for the user of the services alone (mode 600).
        2. Write the branch's database URL into the file database-url beside it, mode 600.
        3. trunkline init --config \(Self.configuration)
           trunkline run --config \(Self.configuration)

        If the password leaks: trunkline branch rotate \(branch), at the head.

        """
    }

    /// A file that is there by now is an error, and so is a link.
    private func write(_ name: String, mode: mode_t, _ text: String) throws {
        let path = file(name)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw failure(path) }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try handle.write(contentsOf: Data(text.utf8))
            try handle.synchronize()
        } catch {
            throw failure(path)
        }
    }

    private func failure(_ path: String) -> CommandFailure {
        CommandFailure(
            .configuration, "\(path) cannot be written: \(String(cString: strerror(errno))); then run: branch rotate")
    }

    private func file(_ name: String) -> String { "\(directory)/\(name)" }
}
