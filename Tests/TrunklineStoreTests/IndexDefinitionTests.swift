import Testing

@testable import TrunklineSQLite

/// The text that SQLite keeps of an index, of which its pragmas tell neither expressions nor the predicate.
@Suite struct IndexDefinitionTests {
    private func definition(_ sql: String) -> IndexDefinition? { IndexDefinition(sql: sql) }

    @Test(arguments: [
        ("CREATE UNIQUE INDEX i ON t (a)", ["a"]),
        ("CREATE UNIQUE INDEX i ON t (a, \"b, (c\" DESC, lower(d) ASC)", ["a", "\"b, (c\"", "lower ( d )"]),
        ("create unique index if not exists main.i on \"t (x\" (a COLLATE NOCASE)", ["a COLLATE NOCASE"]),
        (
            "CREATE UNIQUE INDEX [on] ON t (coalesce(a, 'it''s', x'0f'), b || ')')",
            [
                "coalesce ( a , 'it''s' , x'0f' )", "b || ')'",
            ]
        ),
        ("CREATE UNIQUE INDEX i ON t /* (z) */ (a -- , z\n, b)", ["a", "b"]),
        ("CREATE UNIQUE INDEX i ON t (a->>'$.x', b<=1.5e3)", ["a ->> '$.x'", "b <= 1.5e3"]),
    ])
    func termsAreRead(sql: String, terms: [String]) {
        #expect(definition(sql)?.terms == terms)
        #expect(definition(sql)?.predicate == nil)
    }

    @Test func thePredicateIsRead() {
        let sql = "CREATE UNIQUE INDEX i ON t (a) WHERE deleted_at IS NULL AND \"where\" <> ') where'"
        #expect(definition(sql)?.terms == ["a"])
        #expect(definition(sql)?.predicate == "deleted_at IS NULL AND \"where\" <> ') where'")
    }

    @Test(arguments: [
        "", "CREATE TABLE t (a)", "CREATE INDEX i ON t", "CREATE INDEX i ON t (a", "CREATE INDEX i ON t (a) WITH x",
        "CREATE INDEX i ON t (a 'unclosed)", "/* unclosed", "x'",
    ])
    func whatIsNoIndexIsRefused(sql: String) { #expect(definition(sql) == nil) }

    /// Whatever the bytes, it ends.
    @Test(arguments: ["''", "'", "[", "`a``b`", "\"\"\"", "1.2.3", "->>||<=", "x'00'x'", "é_$1 ♞"])
    func tokensMeanWhatTheTextMeant(sql: String) {
        let once = SQLToken.all(in: sql).map(\.text).joined(separator: " ")
        #expect(SQLToken.all(in: once).map(\.text).joined(separator: " ") == once)
    }
}
