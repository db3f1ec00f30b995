import Testing

@testable import TrunklineCore

/// Columns that two kinds of databases write in two ways.
@Suite struct MergedColumnTests {
    /// What storing a value in the other kind of database writes anew is no change.
    @Test(
        arguments: [
            ("jsonb", nil, #"{"z":1, "a" : [1,2.50,1e2,"\u00e4"]}"#, #"{"a": [1, 2.5, 100, "ä"], "z": 1}"#, true),
            ("json", nil, #"{"a":1}"#, #"{"a":2}"#, false), ("json", nil, #"{"a":1}"#, "none", false),
            ("json", nil, #"[{"a":1}, null]"#, #"[ {"a" : 1.0},null ]"#, true), ("json", nil, #""a""#, #""b""#, false),
            ("text", "jsonb", #"{"z":1}"#, #"{"z": 1}"#, true), ("text", nil, #"{"z":1}"#, #"{"z": 1}"#, false),
            ("character(10)", "text", "qq", "qq        ", true), ("text", "character(10)", "qq", "qq        ", true),
            ("text", nil, "qq", "qq ", false), ("character(3)", nil, " q", "q", false),
            ("text", "integer[]", "{1, 2}", "{1,2}", true), ("text[]", nil, #"{"a",b,NULL}"#, "{a, b,null}", true),
            ("text[]", nil, #"{"NULL"}"#, "{NULL}", false), ("text[]", nil, #"{"a,b"}"#, "{a,b}", false),
            ("integer[]", nil, "{{1,2},{3,4}}", "{{1,2,3,4}}", false),
        ] as [(String, String?, String, String, Bool)])
    func whatAnotherDatabaseWritesAnew(_ given: (sent: String, stored: String?, a: String, b: String, isSame: Bool)) {
        let column = MergedColumn(Column(name: "v", type: given.sent), stored: given.stored)
        let merge = ColumnMerge([column])
        #expect(merge.isSame([given.a], [given.b]) == given.isSame)
        #expect(merge.isSame([given.b], [given.a]) == given.isSame)
        // The base is as the branch has it, the head's as the head has it.
        if given.isSame {
            let merged = merge.merge(base: [given.a], head: [given.b], branch: ["x"])
            #expect(merged == ColumnMerge.Result(image: ["x"], open: []))
        }
    }

    @Test func aJSONThatNestsTooDeeplyIsItsText() {
        let deep = String(repeating: "[", count: 10_000) + String(repeating: "]", count: 10_000)
        #expect(CanonicalJSON.text(deep) == nil)
        for text in ["", "{", "[1,", "{\"a\"}", "[1]x", "\"a", "tru", "1e99999"] { _ = CanonicalJSON.text(text) }
    }

    @Test func aSumThatAColumnHasNoRoomFor() {
        let column = MergedColumn(Column(name: "n", type: "numeric"), stored: "numeric(12,2)")
        for (value, fits) in [
            ("9999999999.99", true), ("10000000000", false), ("-9999999999", true), ("-10000000000.5", false),
            ("0.001", true),
        ] { #expect(column.holds(value) == fits, "\(value)") }
        #expect(MergedColumn(Column(name: "n", type: "numeric")).holds("10000000000000"))
    }

    @Test(arguments: [
        ("character(4)", "aa", true), ("character(4)", "aaaa", false), ("bpchar", "aa", false), ("text", "a", false),
    ])
    func aKeyThatAColumnPads(_ given: (type: String, key: String, pads: Bool)) {
        #expect(MergedColumn(Column(name: "k", type: given.type)).pads(given.key) == given.pads)
    }
}
