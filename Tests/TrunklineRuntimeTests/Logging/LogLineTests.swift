import Foundation
import Logging
import Synchronization
import Testing

@testable import TrunklineRuntime

@Suite struct LogLineTests {
    private func line(_ message: String, _ metadata: Logger.Metadata = [:]) -> LogLine {
        LogLine(
            time: Date(timeIntervalSince1970: 1_767_323_045.5), level: .warning, label: "head-ingestor",
            message: message, metadata: metadata)
    }

    @Test func textIsReadableAndSorted() {
        #expect(
            line("batch stored", ["stream": "east>head", "batch": "7", "reason": "two words"]).text
                == #"2026-01-02T03:04:05.500Z warning head-ingestor: batch stored batch=7 reason="two words" stream=east>head"#
        )
    }

    @Test func jsonCanBeReadBack() throws {
        let text = line("said \"no\"", ["stream": "east>head", "time": "now", "error": "a\nb\u{1b}[2J"]).json
        let object = try JSONDecoder().decode([String: String].self, from: Data(text.utf8))
        #expect(
            object == [
                "time": "2026-01-02T03:04:05.500Z", "level": "warning", "service": "head-ingestor",
                "version": ProductVersion.current,
                "message": "said \"no\"", "stream": "east>head", "metadata_time": "now", "error": "a\nb\u{1b}[2J",
            ])
    }

    @Test(arguments: LogSettings.Format.allCases)
    func dataNeitherBreaksTheLineNorSteersTheTerminal(format: LogSettings.Format) {
        let text = line("a\nb", ["error": "x\r\ny\u{1b}[2J\u{7f}", "empty": ""]).formatted(as: format)
        #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f })
    }

    @Test func theHandlerMergesMetadataAndWritesOneLine() {
        let written = Mutex<[String]>([])
        let settings = LogSettings(level: .info, format: .text)
        var logger = Logger(label: "test") { label in
            LineLogHandler(label: label, settings: settings) { line in written.withLock { $0.append(line) } }
        }
        logger[metadataKey: "office"] = "east"
        logger.info("hello", metadata: ["rows": "3"])
        logger.debug("not this")
        let lines = written.withLock { $0 }
        #expect(lines.count == 1)
        #expect(lines[0].hasSuffix(" info test: hello office=east rows=3\n"))
    }
}
