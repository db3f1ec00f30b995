/// Why a received message was refused. It goes to the dead letters, but for one of a later version, which comes again.
public struct WireError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable, CaseIterable {
        /// Not what the protocol says: not zstd, no JSON header, counts that lie, broken lines, not UTF-8.
        case malformed
        /// A message type or encoding that this program does not know.
        case unsupported
        /// Of a version that a later program speaks: it is understood when this one is upgraded.
        case newer
        /// Over a limit of ``WireLimits``.
        case tooLarge
        /// It speaks for an office that its sender is not.
        case forged
        /// The head takes nothing from this branch at present.
        case suspended
    }

    public var code: Code
    public var description: String

    public init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
