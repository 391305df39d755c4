import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    globalSetup: ["tests/support/global-setup.ts"],
    // Generous, since nothing asserts times: a busy machine is no failure.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 15_000 } },
    // Files share what a worker has loaded: they keep no state in modules, and loading costs more
    // than many of them take.
    isolate: false,
    // One more than the cores: many tests wait for processes that they started.
    maxWorkers: 3,
    // No test runs PostgreSQL's code for so long that optimising it would pay.
    execArgv: ["--liftoff-only"],
    reporters: ["default", "./tests/support/closing-line.ts"],
  },
});
