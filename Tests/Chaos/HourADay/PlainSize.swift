import Foundation
import TrunklineTesting

/// What the same rows come to as a CSV file, in bytes.
struct PlainSize: Sendable {
    var csv: Int
    var zstd1: Int
    var zstd19: Int

    init(of branch: TestOffice, rows: Int) throws {
        let directory = try TemporaryDirectory()
        let file = directory.file("product_sales.csv")
        try Command.run(
            "psql",
            [
                "-XAtq", branch.url, "--command=copy (select * from product_sales order by id) to stdout (format csv)",
                "--output=\(file)",
            ])
        csv = try Self.size(file)
        zstd1 = try Self.compressed(file, "-1")
        zstd19 = try Self.compressed(file, "-19")
    }

    private static func compressed(_ file: String, _ level: String) throws -> Int {
        try Command.run("zstd", ["--quiet", "--force", level, file, "-o", "\(file).zst"])
        return try size("\(file).zst")
    }

    private static func size(_ file: String) throws -> Int {
        try URL(filePath: file).resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0
    }
}
