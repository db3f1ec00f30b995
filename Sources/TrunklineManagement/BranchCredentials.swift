public import TrunklineCore

/// Name and password of a branch's user at the broker.
public struct BranchCredentials: Sendable {
    public let user: String
    public let password: String

    /// With a new password: 32 letters and digits from the system's random source, some 190 bits.
    public init(user: String) {
        self.user = user
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
        var random = SystemRandomNumberGenerator()
        password = String((0..<32).map { _ in letters.randomElement(using: &random)! })
    }

    /// With a password that somebody else has made.
    public init(user: String, password: String) {
        self.user = user
        self.password = password
    }

    /// Users belong to the whole broker, so the name says which virtual host it is for; that of `/` is left out.
    public static func userName(of branch: OfficeID, virtualHost: String) -> String {
        virtualHost == "/" ? "trunkline.\(branch)" : "trunkline.\(virtualHost).\(branch)"
    }
}

extension BranchCredentials: CustomStringConvertible, CustomReflectable {
    /// Without the password.
    public var description: String { user }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
