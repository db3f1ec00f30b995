import Foundation
import TrunklineTesting

/// A conflict over a shared row that the head keeps, with what yielded in it.
struct KeptConflict: Decodable {
    var table: String
    var key: String
    var kind: String
    /// By column; nil: no row.
    var head: [String: String]?
    var branch: [String: String]?

    /// All of them, by PostgreSQL alone.
    static func all(at head: TestOffice) async throws -> [KeptConflict] {
        let query = """
            select json_build_object(
                'table', table_name, 'key', key::json->>0, 'kind', kind,
                'head', details::json->'headImage', 'branch', details::json->'branchImage')
            from trunkline.conflict
            """
        let lines = try await onThread { try head.run(query) }
        return try lines.split(separator: "\n").map { try JSONDecoder().decode(KeptConflict.self, from: Data($0.utf8)) }
    }

    /// Whether a row that was deleted has stood against its delete, or the other way round.
    func isOverDelete(of made: String) -> Bool {
        head == nil && branch?["made"] == made || branch == nil && head?["made"] == made
    }
}
