import { spawn } from "node:child_process";

export interface Reaper {
  watch(pid: number): void;
  forget(pid: number): void;
  stop(): void;
}

/** Lines of `+ PID` and `- PID`; when the input ends, whatever is on the list is killed. */
const script = `
pids=""
while read -r sign pid; do
  rest=""
  for known in $pids; do [ "$known" = "$pid" ] || rest="$rest $known"; done
  pids="$rest"
  [ "$sign" = "+" ] && pids="$pids $pid"
done
[ -z "$pids" ] || { sleep 1; kill -9 $pids; }
`;

/**
 * Ends children that outlive us: a function in an endless loop never notices that the stack was
 * killed, but this shell does. Windows has no such shell; there functions end themselves.
 */
export const startReaper = (): Reaper => {
  if (process.platform === "win32") {
    return { watch: () => undefined, forget: () => undefined, stop: () => undefined };
  }
  const shell = spawn("/bin/sh", ["-c", script], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
    env: { PATH: "/usr/bin:/bin" },
  });
  shell.on("error", () => undefined);
  shell.stdin.on("error", () => undefined);
  shell.unref();
  return {
    watch: (pid) => void shell.stdin.write(`+ ${pid}\n`),
    forget: (pid) => void shell.stdin.write(`- ${pid}\n`),
    stop: () => void shell.stdin.end(),
  };
};
