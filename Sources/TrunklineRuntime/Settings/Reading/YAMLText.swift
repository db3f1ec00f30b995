internal import Yams

/// YAML, and with it JSON, as a tree with keys, lists and texts.
enum YAMLText {
    /// - Returns: nil for a text without anything in it.
    static func tree(_ text: String) throws(InvalidSetting) -> Node? {
        do {
            return try Yams.compose(yaml: text)
        } catch let error as YamlError {
            throw InvalidSetting(reason(of: error))
        } catch {
            // Its description may quote the text, and with it a secret.
            throw InvalidSetting("cannot be read as YAML; write keys, values and lists of values")
        }
    }

    /// What is wrong and where, without the text of the line, which may hold a secret.
    private static func reason(of error: YamlError) -> String {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            "line \(mark.line), column \(mark.column): \(problem)"
        case .duplicatedKeysInMapping(let duplicates, let context):
            "line \(context.mark.line): \(duplicates.joined(separator: ", ")) is given twice"
        case .no, .memory, .reader, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
            "is not YAML"
        }
    }
}

extension Node {
    /// The text of a single value; empty for null, as for nothing.
    var text: String? { scalar.map { null == nil ? $0.string : "" } }
}
