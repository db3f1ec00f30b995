internal import FoundationEssentials

/// Small text files that the configuration names.
enum TextFile {
    /// Larger files are not read: nobody's secret or configuration is so long.
    static let maximalBytes = 1 << 20

    /// - Returns: why the file cannot be read, with its path; nil when it can.
    static func problem(at path: String) -> String? {
        var isDirectory = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            return "there is no file \(path)"
        }
        if isDirectory { return "\(path) is a directory" }
        if !FileManager.default.isReadableFile(atPath: path) { return "\(path) may not be read by this user" }
        return nil
    }

    static func read(_ path: String) throws(InvalidSetting) -> String {
        if let problem = problem(at: path) { throw InvalidSetting(problem) }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw InvalidSetting("\(path) cannot be read")
        }
        guard data.count <= maximalBytes else { throw InvalidSetting("\(path) is larger than 1 MiB") }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw InvalidSetting("\(path) is not UTF-8 text")
        }
        return text
    }
}
