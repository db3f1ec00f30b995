internal import TrunklineCore
internal import TrunklineTerminal

/// How an error is shown to a person: a line `program: what happened; the way out` for each problem.
public enum ErrorLines {
    /// The name of the running executable.
    public static var program: String {
        CommandLine.arguments.first?.split(separator: "/").last.map(String.init) ?? "trunkline"
    }

    static func text(of error: any Error, program: String) -> String {
        // Names in it may come from another office.
        lines(of: error).map { "\(program): \(SafeText.oneLine($0))\n" }.joined()
    }

    private static func lines(of error: any Error) -> [String] {
        if let error = error as? SettingsError { return error.problems }
        return ["\(error)".split(whereSeparator: \.isNewline).joined(separator: " ")]
    }
}
