internal import CZstd

/// zstd frames (RFC 8878), through libzstd.
public enum Zstd {
    /// - Parameter level: 1 (fast) to 19; level 1 is about as fast as the databases feed it.
    public static func compress(_ bytes: [UInt8], level: Int32 = 1) -> [UInt8] {
        let capacity = ZSTD_compressBound(bytes.count)
        return [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            let written = bytes.withUnsafeBytes {
                ZSTD_compress(buffer.baseAddress, capacity, $0.baseAddress, $0.count, level)
            }
            precondition(ZSTD_isError(written) == 0, "ZSTD_compress failed although its buffer has the bound's size")
            count = written
        }
    }

    /// What a frame says that it decompresses to, in bytes; nil when it does not say so.
    public static func statedSize(of bytes: [UInt8]) -> UInt64? {
        let stated = bytes.withUnsafeBytes { ZSTD_getFrameContentSize($0.baseAddress, $0.count) }
        // ZSTD_CONTENTSIZE_UNKNOWN and ZSTD_CONTENTSIZE_ERROR (zstd.h) are the two largest values.
        return stated < UInt64.max - 1 ? stated : nil
    }

    /// Decompresses one frame whose header states its size, as ``compress(_:level:)`` writes it.
    ///
    /// The size is compared with the limit before memory is taken, and libzstd writes no byte past it,
    /// so a frame that lies about its size costs no more than it says.
    /// - Throws: ``WireError``.
    public static func decompress(_ bytes: [UInt8], limit: Int) throws(WireError) -> [UInt8] {
        guard let stated = statedSize(of: bytes) else {
            throw WireError(.malformed, "the body is not a zstd frame that states its size")
        }
        guard stated <= UInt64(limit) else {
            throw WireError(.tooLarge, "the body would be \(stated) bytes; the limit is \(limit)")
        }
        let size = Int(stated)
        var failed = false
        let result = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            let written = bytes.withUnsafeBytes {
                ZSTD_decompress(buffer.baseAddress, size, $0.baseAddress, $0.count)
            }
            failed = ZSTD_isError(written) != 0 || written != size
            count = failed ? 0 : size
        }
        guard !failed else { throw WireError(.malformed, "the body is a broken zstd frame") }
        return result
    }
}
