/// What a probe asks, by the path that it asks at.
public enum HealthQuestion: String, Sendable, CaseIterable {
    /// Does the loop go round?
    case live = "livez"
    /// Is the database open and initialised?
    case ready = "readyz"
    /// Do rows arrive?
    case health = "healthz"
}
