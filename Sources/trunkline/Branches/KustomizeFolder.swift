import Foundation
import TrunklineCore
import TrunklineRuntime

/// A branch's folder in an overlay of `k8s/overlays`, and its line in the overlay's list of resources.
///
/// The overlay's own folder `branch` says what its branches are made of; a branch adds its name. What is there already
/// stays as it is.
struct KustomizeFolder {
    enum Change: Hashable, Sendable {
        case written, wasThere
    }

    private let overlay: String
    private let branch: OfficeID

    /// Names in Kubernetes begin with the branch's, and the longest may have 63 characters.
    private static let maximalName = 40

    /// - Throws: when `overlay` is none, or the branch's name would make names that Kubernetes refuses.
    init(overlay: String, branch: OfficeID) throws {
        self.overlay = overlay
        self.branch = branch
        let name = branch.description
        guard name.count <= Self.maximalName, name.first!.isLetter, name.last! != "-" else {
            throw CommandFailure(
                .usage,
                "\(name) makes no name for Kubernetes; use at most \(Self.maximalName) characters, a letter first, "
                    + "and no - at the end")
        }
        for needed in ["kustomization.yaml", "branch/kustomization.yaml"]
        where !FileManager.default.fileExists(atPath: "\(overlay)/\(needed)") {
            throw CommandFailure(
                .configuration, "there is no \(overlay)/\(needed); name an overlay such as k8s/overlays/testbed")
        }
    }

    /// Where the branch's file is.
    var path: String { "\(overlay)/\(resource)/kustomization.yaml" }

    /// As the overlay names the folder.
    private var resource: String { "branches/\(branch)" }

    func write() throws -> Change {
        var change = Change.wasThere
        if !FileManager.default.fileExists(atPath: path) {
            try save(path, content, makingDirectory: "\(overlay)/\(resource)")
            change = .written
        }
        let list = "\(overlay)/kustomization.yaml"
        let text: String
        do {
            text = try String(contentsOfFile: list, encoding: .utf8)
        } catch {
            throw CommandFailure(.configuration, "\(list) cannot be read: \(error.localizedDescription)")
        }
        guard let added = try Self.adding(resource, to: text) else { return change }
        try save(list, added)
        return .written
    }

    private var content: String {
        """
        # The branch \(branch), as trunkline branch add --kustomize writes it.
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        namePrefix: \(branch)-
        labels:
          - pairs:
              app.kubernetes.io/instance: \(branch)
            includeSelectors: true
        resources:
          - ../../branch
        configMapGenerator:
          - name: office
            behavior: merge
            literals:
              - TRUNKLINE_OFFICE_ID=\(branch)

        """
    }

    /// A kustomization with one resource more, its comments and order kept; nil when it names the resource already.
    static func adding(_ resource: String, to text: String) throws -> String? {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard let title = lines.firstIndex(where: { $0.wholeMatch(of: /resources:\s*(#.*)?/) != nil }) else {
            throw CommandFailure(
                .configuration,
                "the overlay's kustomization.yaml has no line `resources:` with a list under it; add one, or "
                    + "\(resource) by hand")
        }
        var last = title
        var indentation = "  "
        for index in lines.indices[(title + 1)...] {
            let line = lines[index]
            if let item = line.wholeMatch(of: /(\s*)- *(\S+)\s*(?:#.*)?/) {
                if item.2 == resource { return nil }
                indentation = String(item.1)
                last = index
            } else if line.wholeMatch(of: /\s*(#.*)?/) == nil {
                break
            }
        }
        lines.insert("\(indentation)- \(resource)", at: last + 1)
        return lines.joined(separator: "\n")
    }

    private func save(_ path: String, _ text: String, makingDirectory directory: String? = nil) throws {
        do {
            if let directory {
                try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            }
            try text.write(toFile: path, atomically: true, encoding: .utf8)
        } catch {
            throw CommandFailure(.configuration, "\(path) cannot be written: \(error.localizedDescription)")
        }
    }
}
