import Testing

@testable import TrunklineCore

@Suite struct CanonicalValueTests {
    private func apply(_ type: String, _ field: String) -> String {
        String(
            decoding: CanonicalValue.apply(CanonicalValue.rule(for: type), to: Array(field.utf8)[...]), as: UTF8.self)
    }

    @Test(arguments: [
        ("12.50", "12.5"), ("12.5", "12.5"), ("12.00", "12"), ("12.", "12"), (".5", "0.5"), ("007", "7"), ("+7", "7"),
        ("-7.0", "-7"), ("-0.0", "0"), ("0", "0"), ("000", "0"), ("100", "100"), ("-0.10", "-0.1"),
        ("123456789012345678901234567890.10", "123456789012345678901234567890.1"), ("NaN", "NaN"), ("1e3", "1e3"),
        ("", ""), ("-", "-"), (".", "."), ("1.2.3", "1.2.3"), ("+-1", "+-1"), ("1,5", "1,5"), ("Infinity", "Infinity"),
    ])
    func numbers(field: String, expected: String) { #expect(apply("numeric(12,2)", field) == expected) }

    @Test(arguments: [
        ("1", "1"), ("1.0", "1"), ("1e0", "1"), ("0.1", "0.1"), ("1e-1", "0.1"), ("-0", "0"), ("1e100", "1e+100"),
        ("1E+100", "1e+100"), ("1.50", "1.5"), ("Infinity", "inf"), ("NaN", "nan"), ("text", "text"), ("", ""),
    ])
    func floats(field: String, expected: String) {
        #expect(apply("double precision", field) == expected)
        #expect(apply("real", field) == expected)
    }

    @Test(arguments: [
        ("t", "t"), ("true", "t"), ("1", "t"), ("f", "f"), ("false", "f"), ("0", "f"), ("2", "2"), ("yes", "yes"),
    ])
    func booleans(field: String, expected: String) { #expect(apply("boolean", field) == expected) }

    @Test(arguments: [
        ("2026-01-02T03:04:05Z", "2026-01-02 03:04:05+00"), ("2026-01-02 03:04:05+00", "2026-01-02 03:04:05+00"),
        ("2026-01-02 03:04:05+00:00", "2026-01-02 03:04:05+00"),
        ("2026-01-02T03:04:05.500Z", "2026-01-02 03:04:05.5+00"),
        ("2026-01-02 03:04:05.000", "2026-01-02 03:04:05"), ("2026-01-02 03:04:10", "2026-01-02 03:04:10"),
        ("2026-01-02", "2026-01-02"), ("infinity", "infinity"), ("", ""),
        ("2026-01-02 03:04:05+02", "2026-01-02 03:04:05+02"),
    ])
    func timestamps(field: String, expected: String) {
        #expect(apply("timestamp with time zone", field) == expected)
        #expect(apply("timestamp(3)", field) == expected)
    }

    @Test(arguments: ["text", "varchar(5)", "numeric(12,2)[]", "boolean[]", "json", "date", "bytea", "numerical"])
    func otherTypesStayAsTheyAre(type: String) {
        for field in ["12.50", "true", "2026-01-02T03:04:05Z", #"\\x00"#] { #expect(apply(type, field) == field) }
    }
}
