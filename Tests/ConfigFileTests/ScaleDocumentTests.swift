import Foundation
import Planning
import Testing
import Yams

@testable import ConfigFile

/// Holds the manifests of docs/scale.md to each other and to the program. `scripts/check-manifests.sh` holds them to the
/// schemas of Kubernetes.
@Suite struct ScaleDocumentTests {
    private static func text() throws -> String {
        try String(contentsOf: Fixtures.repository.appending(path: "docs/scale.md"), encoding: .utf8)
    }

    /// The YAML blocks of the document, in order.
    private static func blocks() throws -> [String] {
        try text().components(separatedBy: "```yaml\n").dropFirst().map { $0.components(separatedBy: "```")[0] }
    }

    private static func resources() throws -> [String: Node] {
        let block = try #require(try blocks().first { $0.hasPrefix("apiVersion: ") })
        var found: [String: Node] = [:]
        for node in try compose_all(yaml: block) {
            let kind = try #require(node["kind"]?.string)
            found[kind] = node
        }
        return found
    }

    private static func container() throws -> (set: Node, pod: Node, container: Node) {
        let set = try #require(try resources()["StatefulSet"]?["spec"])
        let pod = try #require(set["template"]?["spec"])
        return (set, pod, try #require(pod["containers"]?.sequence?.first))
    }

    private static func variables(_ container: Node) -> [(name: String, value: Node)] {
        container["env"]?.sequence?.compactMap { node in node["name"]?.string.map { ($0, node) } } ?? []
    }

    @Test func `the settings in it are valid for every ordinal, and for no other pod`() throws {
        let (set, _, container) = try Self.container()
        let settings = try #require(try Self.resources()["ConfigMap"]?["data"]?["twostepd.yaml"]?.string)
        let replicas = try #require(set["replicas"]?.int)
        let variables = Self.variables(container)
        let shard = try #require(variables.first { $0.name == "TWOSTEPD_SHARD" }?.value["value"]?.string)
        #expect(shard == "$(ORDINAL)/\(replicas)", "replicas and shards are one number")
        // Kubernetes puts in what was defined before, and leaves the text as it is otherwise.
        let names = variables.map(\.name)
        let ordinal = try #require(names.firstIndex(of: "ORDINAL"))
        #expect(names[ordinal...].contains("TWOSTEPD_SHARD"))
        func read(_ shard: String) -> Reading<Settings> {
            SettingsReader.read(
                bytes: Array(settings.utf8), file: "/etc/twostepd/twostepd.yaml",
                environment: ["TWOSTEPD_SHARD": shard])
        }
        for ordinal in 0..<replicas {
            let reading = read(shard.replacing("$(ORDINAL)", with: "\(ordinal)"))
            #expect(reading.problems == [])
            #expect(reading.value?.shard == Shard(ordinal, of: replicas))
        }
        #expect(read(shard).value == nil, "a pod whose ordinal is not known does not start")
        #expect(read(shard.replacing("$(ORDINAL)", with: "\(replicas)")).value == nil)
    }

    @Test func `the desired state in it is valid, and every path of the settings is a volume's`() throws {
        let (set, pod, container) = try Self.container()
        let data = try #require(try Self.resources()["ConfigMap"]?["data"])
        let state = try #require(data["desired-state.yaml"]?.string)
        #expect(DesiredStateReader.read(bytes: Array(state.utf8), file: "f").problems == [])
        let text = try #require(data["twostepd.yaml"]?.string)
        let reading = SettingsReader.read(
            bytes: Array(text.utf8), file: "/etc/twostepd/twostepd.yaml", environment: ["TWOSTEPD_SHARD": "0/4"])
        let settings = try #require(reading.value)
        let mounts = container["volumeMounts"]?.sequence?.compactMap { $0["mountPath"]?.string } ?? []
        for path in [settings.desiredState, settings.stateDirectory, settings.runtimeDirectory, "/run/credentials/x"] {
            #expect(mounts.contains { path == $0 || path.hasPrefix($0 + "/") }, "\(path) is in no volume")
        }
        let volumes =
            (pod["volumes"]?.sequence?.compactMap { $0["name"]?.string } ?? [])
            + (set["volumeClaimTemplates"]?.sequence?.compactMap { $0["metadata"]?["name"]?.string } ?? [])
        let mounted = container["volumeMounts"]?.sequence?.compactMap { $0["name"]?.string } ?? []
        #expect(volumes.sorted() == mounted.sorted())
        let probed = ["startupProbe", "readinessProbe", "livenessProbe"].compactMap {
            container[$0]?["exec"]?["command"]?.sequence?.last?.string
        }
        #expect(probed.count == 3 && probed.allSatisfy { $0.hasPrefix("http://\(settings.listen.text)/") })
        let grace = try #require(pod["terminationGracePeriodSeconds"]?.int)
        #expect(.seconds(grace) >= settings.timing.shutdownGrace + .seconds(15))
    }

    @Test func `the other settings in it are valid as they stand`() throws {
        let others = try Self.blocks().filter { !$0.hasPrefix("apiVersion: ") }
        #expect(others.count >= 2)
        for block in others {
            #expect(SettingsReader.read(bytes: Array(block.utf8), file: "/etc/twostepd/0/f.yaml").problems == [])
        }
    }

    @Test func `its labels and names lead to each other`() throws {
        let resources = try Self.resources()
        let set = try #require(resources["StatefulSet"]?["spec"])
        #expect(set["selector"]?["matchLabels"] == set["template"]?["metadata"]?["labels"])
        #expect(resources["Service"]?["spec"]?["selector"] == set["template"]?["metadata"]?["labels"])
        #expect(set["serviceName"]?.string == resources["Service"]?["metadata"]?["name"]?.string)
        let volumes = try #require(set["template"]?["spec"]?["volumes"]?.sequence)
        #expect(
            volumes.compactMap { $0["configMap"]?["name"]?.string }
                == [resources["ConfigMap"]?["metadata"]?["name"]?.string])
    }
}
