/// Guards the JSON decoder, which recurses, against nesting that would exhaust the stack; and, since it needs some hundred
/// bytes for a value of two, against more values than any message of ours has.
enum JSONDepth {
    static func check(_ json: ArraySlice<UInt8>, limit: Int, values: Int) throws(WireError) {
        var depth = 0
        var separators = 0
        var inString = false
        var escaped = false
        for byte in json {
            if inString {
                if escaped {
                    escaped = false
                } else if byte == UInt8(ascii: "\\") {
                    escaped = true
                } else if byte == UInt8(ascii: "\"") {
                    inString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): inString = true
            case UInt8(ascii: ","):
                separators += 1
                guard separators < values else { throw WireError(.tooLarge, "JSON of more than \(values) values") }
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
                guard depth <= limit else { throw WireError(.tooLarge, "JSON nested deeper than \(limit)") }
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
            default: break
            }
        }
    }
}
