import Planning
import Testing

struct ExposureBudgetTests {
    @Test func `It starts at one, doubles with each clean cycle, and stops at the maximum`() {
        var budget = ExposureBudget(maximum: 6)
        var permitted = [budget.permitted]
        for _ in 0..<4 {
            budget.cycleWasClean()
            permitted.append(budget.permitted)
        }
        #expect(permitted == [1, 2, 4, 6, 6])
    }

    @Test func `A failed enable takes it back to one`() {
        var budget = ExposureBudget(maximum: 4)
        budget.cycleWasClean()
        budget.enableFailed()
        #expect(budget.permitted == 1)
        #expect(budget.permitsCycle(exposed: 0) && !budget.permitsCycle(exposed: 1))
    }

    @Test func `A cycle starts only while fewer are exposed than permitted`() {
        var budget = ExposureBudget(maximum: 2)
        budget.cycleWasClean()
        #expect(budget.permitsCycle(exposed: 1) && !budget.permitsCycle(exposed: 2))
    }

    @Test func `No maximum permits any number`() {
        var budget = ExposureBudget(maximum: nil)
        budget.enableFailed()
        budget.cycleWasClean()
        #expect(budget.permitsCycle(exposed: 10_000))
    }
}
