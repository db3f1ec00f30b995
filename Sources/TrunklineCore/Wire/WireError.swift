/// Why a received message was refused. It will never be understood later, so it goes to the dead letters.
public struct WireError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable, CaseIterable {
        /// Not what the protocol says: not zstd, no JSON header, counts that lie, broken lines, not UTF-8.
        case malformed
        /// A protocol version or message type that this program does not know.
        case unsupported
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
