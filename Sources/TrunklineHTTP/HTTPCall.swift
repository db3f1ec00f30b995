internal import CCurl
import Foundation

/// One call over HTTP or HTTPS, on a connection of its own: for the few that a command makes.
///
/// It follows no redirection and asks no proxy, so that a password goes to the host that it was meant for, and to no other.
public struct HTTPCall: Sendable {
    public var url: String
    public var method = "GET"
    /// Each as a whole line: `Content-Type: application/json`.
    public var headers: [String] = []
    /// nil: none.
    public var body: [UInt8]?
    /// For an `https` URL.
    public var trust = Trust()
    /// How long the connection may take, and all of it.
    public var connectTimeout = Duration.seconds(10)
    public var timeout = Duration.seconds(30)
    /// The longest answer that is read.
    public var mostBytes = 16 << 20

    /// How the other end shows that it is the right one.
    public struct Trust: Hashable, Sendable {
        /// PEM file of the authorities that may vouch for it; nil: the system's.
        public var caFile: String?
        public var verifiesPeer = true
        public var verifiesHostName = true

        public init(caFile: String? = nil, verifiesPeer: Bool = true, verifiesHostName: Bool = true) {
            self.caFile = caFile
            self.verifiesPeer = verifiesPeer
            self.verifiesHostName = verifiesHostName
        }
    }

    public struct Answer: Sendable {
        public var status: Int
        public var body: [UInt8]
    }

    public init(_ url: String) { self.url = url }

    /// - Throws: ``HTTPCallError`` when there is no answer; one that says no is an answer.
    public func answer() async throws(HTTPCallError) -> Answer {
        let result = await withCheckedContinuation { continuation in
            // libcurl blocks: a thread of its own, never one of the cooperative pool.
            Thread.detachNewThread { continuation.resume(returning: perform()) }
        }
        return try result.get()
    }

    /// «This function must be called at least once within a program before the program calls any other function in libcurl»,
    /// «is thread-safe since libcurl 7.84.0» (curl_global_init(3)).
    private static let isReady = curl_global_init(trunkline_curl_global) == CURLE_OK

    private final class Received {
        var bytes: [UInt8] = []
        let most: Int

        init(most: Int) { self.most = most }
    }

    private func perform() -> Result<Answer, HTTPCallError> {
        guard Self.isReady, let handle = curl_easy_init() else {
            return .failure(HTTPCallError(isOfTLS: false, reason: "libcurl cannot be set up"))
        }
        defer { curl_easy_cleanup(handle) }
        let list = headers.reduce(nil as UnsafeMutablePointer<curl_slist>?) { curl_slist_append($0, $1) }
        defer { curl_slist_free_all(list) }
        let received = Received(most: mostBytes)
        var message = [CChar](repeating: 0, count: trunkline_curl_error_size)
        let sent = body ?? []
        let code = withExtendedLifetime(received) {
            message.withUnsafeMutableBufferPointer { message in
                sent.withUnsafeBufferPointer { sent in
                    set(handle, list, received, message.baseAddress!, sent)
                    return curl_easy_perform(handle)
                }
            }
        }
        guard code == CURLE_OK else {
            let text = message.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
            return .failure(
                HTTPCallError(
                    isOfTLS: Self.ofTLS.contains(code.rawValue),
                    reason: text.isEmpty ? String(cString: curl_easy_strerror(code)) : text))
        }
        return .success(Answer(status: trunkline_curl_status(handle), body: received.bytes))
    }

    private static let ofTLS: Set<UInt32> = [
        CURLE_SSL_CONNECT_ERROR.rawValue, CURLE_PEER_FAILED_VERIFICATION.rawValue, CURLE_SSL_CACERT_BADFILE.rawValue,
        CURLE_SSL_CERTPROBLEM.rawValue, CURLE_SSL_CIPHER.rawValue, CURLE_SSL_ISSUER_ERROR.rawValue,
        CURLE_SSL_SHUTDOWN_FAILED.rawValue, CURLE_SSL_INVALIDCERTSTATUS.rawValue,
    ]

    /// What libcurl is given here lives until the call is over; it copies texts (curl_easy_setopt(3)), not the body.
    private func set(
        _ handle: UnsafeMutableRawPointer, _ headers: UnsafeMutablePointer<curl_slist>?, _ received: Received,
        _ message: UnsafeMutablePointer<CChar>, _ sent: UnsafeBufferPointer<UInt8>
    ) {
        func number(_ option: CURLoption, _ value: Int) { trunkline_curl_set_number(handle, option, value) }
        func text(_ option: CURLoption, _ value: String) { trunkline_curl_set_text(handle, option, value) }
        func pointer(_ option: CURLoption, _ value: UnsafeMutableRawPointer?) {
            trunkline_curl_set_pointer(handle, option, value)
        }
        text(CURLOPT_URL, url)
        text(CURLOPT_PROTOCOLS_STR, "http,https")
        text(CURLOPT_CUSTOMREQUEST, method)
        text(CURLOPT_NOPROXY, "*")
        // «Important: … signals are not used» where there are threads (CURLOPT_NOSIGNAL(3)).
        number(CURLOPT_NOSIGNAL, 1)
        number(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
        number(CURLOPT_CONNECTTIMEOUT_MS, connectTimeout.milliseconds)
        number(CURLOPT_TIMEOUT_MS, timeout.milliseconds)
        number(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
        number(CURLOPT_SSL_VERIFYPEER, trust.verifiesPeer ? 1 : 0)
        number(CURLOPT_SSL_VERIFYHOST, trust.verifiesPeer && trust.verifiesHostName ? 2 : 0)
        if let caFile = trust.caFile { text(CURLOPT_CAINFO, caFile) }
        pointer(CURLOPT_HTTPHEADER, headers)
        pointer(CURLOPT_ERRORBUFFER, message)
        if body != nil {
            number(CURLOPT_POSTFIELDSIZE, sent.count)
            pointer(CURLOPT_POSTFIELDS, UnsafeMutableRawPointer(mutating: sent.baseAddress))
        }
        pointer(CURLOPT_WRITEDATA, Unmanaged.passUnretained(received).toOpaque())
        trunkline_curl_set_writer(handle) { bytes, size, count, into in
            let received = Unmanaged<Received>.fromOpaque(into!).takeUnretainedValue()
            let length = size * count
            // Less than was given ends the call.
            guard received.bytes.count + length <= received.most else { return 0 }
            received.bytes += UnsafeRawBufferPointer(start: bytes, count: length)
            return length
        }
    }
}

extension Duration {
    fileprivate var milliseconds: Int {
        let (seconds, attoseconds) = components
        return Int(seconds * 1_000 + attoseconds / 1_000_000_000_000_000)
    }
}
