import type { Reporter, TestCase, TestModule } from "vitest/node";

/** Ends the output with one line that machines can read: `N passed, N failed`. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const tests: TestCase[] = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string) => tests.filter((test) => test.result().state === state).length;
    const brokenFiles = modules.filter((module) => !module.ok() && module.errors().length > 0);
    const failed = count("failed") + brokenFiles.length + errors.length;
    const skipped = count("skipped");
    const tail = skipped > 0 ? `, ${skipped} skipped` : "";
    process.on("exit", () =>
      process.stdout.write(`${count("passed")} passed, ${failed} failed${tail}\n`),
    );
  }
}
