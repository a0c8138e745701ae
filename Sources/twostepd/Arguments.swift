public import ArgumentParser
public import Planning

// The words of the JSON shapes, as arguments.
extension NumberCondition: ExpressibleByArgument {}
extension EventKind: ExpressibleByArgument {}
