import Testing
import TrunklineTesting

@testable import TrunklineCore

@Suite struct CopyTextTests {
    private func field(_ value: String?) -> String {
        var line: [UInt8] = []
        CopyText.append(value, to: &line)
        return String(decoding: line, as: UTF8.self)
    }

    @Test(
        arguments: [
            (nil, #"\N"#), ("", ""), ("N", "N"), (#"\N"#, #"\\N"#), (#"\"#, #"\\"#), ("a\tb", #"a\tb"#),
            ("a\nb", #"a\nb"#),
            ("\r\n", #"\r\n"#), ("\u{8}\u{B}\u{C}", #"\b\v\f"#), ("\0", #"\000"#), ("\0007", #"\000007"#),
            (#"\."#, #"\\."#),
            (#"\x00ff"#, #"\\x00ff"#), ("ä\u{1F9FE}", "ä\u{1F9FE}"), ("\u{7F}\u{1}", "\u{7F}\u{1}"),
        ] as [(String?, String)])
    func escapes(value: String?, expected: String) {
        #expect(field(value) == expected)
        #expect(CopyText.value(Array(expected.utf8)[...]) == value)
    }

    @Test(arguments: [
        (#"\101"#, "A"), (#"\7"#, "\u{7}"), (#"\0"#, "\0"), (#"\1018"#, "A8"), (#"\18"#, "\u{1}8"),
        (#"\303\244"#, "ä"), (#"\q"#, "q"), (#"a\"#, #"a\"#), (#"\NN"#, "NN"), (#"\\\\"#, #"\\"#),
    ])
    func unescapes(field: String, expected: String) { #expect(CopyText.value(Array(field.utf8)[...]) == expected) }

    @Test func anOctalEscapeOverAByteWraps() { #expect(CopyText.bytes(Array(#"\777"#.utf8)[...]) == [0xFF]) }

    @Test func nullAndItsTextAreDifferentFields() {
        let line = CopyText.line([nil, #"\N"#, "", nil])
        #expect(String(decoding: line, as: UTF8.self) == "\\N\t\\\\N\t\t\\N\n")
        #expect(CopyText.fields(line[...]) == [nil, #"\N"#, "", nil])
    }

    @Test func theNewlineMayBeMissing() {
        #expect(CopyText.fields(Array("a\tb".utf8)[...]) == ["a", "b"])
        #expect(CopyText.fields(Array("a\t".utf8)[...]) == ["a", ""])
        #expect(CopyText.fields([]) == [""])
        #expect(CopyText.fields(Array("\n".utf8)[...]) == [""])
    }

    @Test func aSliceKeepsItsPlace() {
        let lines = CopyText.line(["a", "b"]) + CopyText.line(["c", nil])
        #expect(CopyText.fields(lines[4...]) == ["c", nil])
    }

    @Test func randomLinesAreReadBack() {
        var generator = SplitMix64(seed: 2)
        let alphabet = Array("\\\t\n\r\u{8}\u{B}\u{C}\0N0127.xaä\u{1F9FE}\u{301}".unicodeScalars)
        for _ in 0..<3_000 {
            let values = (0..<Int.random(in: 1...5, using: &generator)).map { _ -> String? in
                if Int.random(in: 0..<6, using: &generator) == 0 { return nil }
                var value = String.UnicodeScalarView()
                for _ in 0..<Int.random(in: 0...8, using: &generator) {
                    value.append(alphabet.randomElement(using: &generator)!)
                }
                return String(value)
            }
            let line = CopyText.line(values)
            #expect(line.count { $0 == CopyText.newline } == 1 && !line.contains(0))
            #expect(
                CopyText.fields(line[...]).map { $0.map { Array($0.utf8) } } == values.map { $0.map { Array($0.utf8) } }
            )
        }
    }

    @Test func randomBytesAreReadBack() {
        var generator = SplitMix64(seed: 3)
        for count in 0..<500 {
            let bytes = generator.bytes(count % 40)
            var field: [UInt8] = []
            bytes.withUnsafeBufferPointer { CopyText.append(bytes: $0, to: &field) }
            #expect(!field.contains(CopyText.tab) && !field.contains(CopyText.newline))
            #expect(CopyText.bytes(field[...]) == bytes)
        }
    }
}
