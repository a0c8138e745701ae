extension LayoutReader {
    /// The comments between two keys, in the order of the file.
    struct Gap {
        let previous: Anchor?
        let next: Anchor?
        var comments: [YAMLScan.Comment] = []
    }

    /// What a comment between two keys belongs to.
    private enum Owner: Equatable {
        case head
        /// The key, or the entry whose first key it is.
        case above(Place)
        case listHead
        case endOfDefaults
        case endOfEntry(Int)
        case endOfList
        case endOfFile

        /// What follows a comment in the same gap cannot belong further in.
        var reach: Int {
            switch self {
            case .endOfEntry, .endOfDefaults: 0
            case .endOfList: 1
            case .head, .above, .listHead, .endOfFile: 2
            }
        }
    }

    /// Gives every comment to the key, entry or part of the file that it belongs to.
    ///
    /// A comment behind a value belongs to its key. One on a line of its own belongs to the key or entry below it, and
    /// when it is indented as deep as the keys above it, to the end of that block: a key that is commented out, say.
    mutating func attachComments() {
        var index = 0
        var gap = Gap(previous: nil, next: anchors.first)
        for comment in comments {
            if index < anchors.count, anchors[index].line < comment.line {
                close(gap)
                while index < anchors.count, anchors[index].line < comment.line { index += 1 }
                gap = Gap(previous: anchors[index - 1], next: index < anchors.count ? anchors[index] : nil)
            }
            if !comment.isAlone, let next = gap.next, next.line == comment.line {
                change(next.place) { $0.behind = comment.text }
            } else {
                gap.comments.append(comment)
            }
        }
        close(gap)
    }

    private mutating func close(_ gap: Gap) {
        guard let last = gap.comments.last else { return }
        var reach = 0
        var groups: [(owner: Owner, lines: Layout.Lines)] = []
        var lastLine = gap.previous?.line ?? 0
        for comment in gap.comments {
            let owner = owner(of: comment, in: gap, reach: reach)
            reach = max(reach, owner.reach)
            let isApart = hasBlank(after: lastLine, before: comment.line)
            lastLine = comment.line
            if groups.last?.owner == owner {
                groups[groups.count - 1].lines += (isApart ? [""] : []) + [comment.text]
            } else {
                groups.append((owner, [comment.text]))
            }
        }
        for (owner, lines) in groups.dropLast() { give(lines, to: owner) }
        guard let group = groups.last else { return }
        let end = gap.next.map { next in
            if case .entry(let entry, 0) = next.place { entryLines[entry] } else { next.line }
        }
        let isApart = end.map { hasBlank(after: last.line, before: $0) } ?? false
        give(group.lines + (isApart ? [""] : []), to: group.owner)
    }

    private func owner(of comment: YAMLScan.Comment, in gap: Gap, reach: Int) -> Owner {
        guard let previous = gap.previous?.place else { return .head }
        let next = gap.next?.place
        if !comment.isAlone {
            // Behind a dash, or behind something else that is no key, such as a bracket.
            if case .entry(let entry, 0)? = next, comment.line >= entryLines[entry] {
                return above(entry)
            }
            return .above(previous)
        }
        switch (previous, next) {
        case (.entry(let before, _), .entry(let entry, 0)?):
            let isBelow = reach == 0 && comment.line < entryLines[entry] && isDeep(comment, in: before)
            return isBelow ? .endOfEntry(before) : above(entry)
        case (_, .entry(let entry, 0)?): return above(entry)
        case (_, .entry?), (_, .defaults?): return next.map { .above($0) } ?? .endOfFile
        case (_, .top(let key)?): return ending(comment, previous, reach) ?? .above(.top(key))
        case (_, nil): return ending(comment, previous, reach) ?? .endOfFile
        }
    }

    private func above(_ entry: Int) -> Owner { entry == 0 ? .listHead : .above(.entry(entry, 0)) }

    /// The block that ends above an indented comment; nil when the comment belongs outside.
    private func ending(_ comment: YAMLScan.Comment, _ previous: Place, _ reach: Int) -> Owner? {
        guard comment.column > 1, reach < 2 else { return nil }
        switch previous {
        case .entry(let entry, _): return reach == 0 && isDeep(comment, in: entry) ? .endOfEntry(entry) : .endOfList
        case .defaults: return .endOfDefaults
        case .top(let key): return top[key].key == RootKey.defaults.rawValue ? .endOfDefaults : nil
        }
    }

    private func isDeep(_ comment: YAMLScan.Comment, in entry: Int) -> Bool {
        keyColumns[entry].map { comment.column >= $0 } ?? false
    }

    private mutating func give(_ lines: Layout.Lines, to owner: Owner) {
        switch owner {
        case .head: head += lines
        case .above(.entry(let entry, 0)): entries[entry].above += lines
        case .above(.top(let key)): top[key].above += lines
        // Inside a block there are no blank lines.
        case .above(let place): change(place) { $0.above += lines.filter { !$0.isEmpty } }
        case .listHead:
            // What a blank line sets apart from the first entry is the list's; the rest is the entry's.
            let own = lines.reversed().prefix { !$0.isEmpty }.reversed()
            listHead += lines.dropLast(own.count)
            if listHead.last == "" { listHead.removeLast() }
            entries[0].above += own
        case .endOfDefaults: defaults.below += lines.last == "" ? Array(lines.dropLast()) : lines
        case .endOfEntry(let entry): entries[entry].below += lines.last == "" ? Array(lines.dropLast()) : lines
        case .endOfList: listTail += lines.last == "" ? Array(lines.dropLast()) : lines
        case .endOfFile: tail += lines
        }
    }

    private mutating func change(_ place: Place, _ change: (inout Layout.Line) -> Void) {
        switch place {
        case .top(let key): change(&top[key])
        case .defaults(let offset): change(&defaults.lines[offset])
        case .entry(let entry, let offset): change(&entries[entry].lines[offset])
        }
    }
}
