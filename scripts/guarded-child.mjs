import { spawn } from 'node:child_process'

/**
 * The shell becomes the command, so its pid is the command's. The guard in the background waits for the end of this script: a line on the
 * pipe means that the command ended first, the end of file that this script was killed.
 */
const GUARD = `
(
  trap '' HUP INT QUIT TERM
  read -r line <&3 && exit
  kill -TERM $$
  checks=0
  while kill -0 $$ && [ $checks -lt 10 ]; do sleep 0.05; checks=$((checks + 1)); done
  kill -KILL $$
) </dev/null >/dev/null 2>&1 &
exec "$@" 3<&-`

/** Starts a command that ends when this script does, even by SIGKILL. `stdio`: standard input, output and error as `spawn` takes them. */
export const spawnGuarded = (command, args, { stdio, ...options }) => {
  const child = spawn('sh', ['-c', GUARD, 'guard', command, ...args], { ...options, stdio: [...stdio, 'pipe'] })
  const lifeline = child.stdio[3]
  // The guard may be gone already.
  lifeline.on('error', () => lifeline.destroy())
  child.once('exit', () => lifeline.end('ended\n', () => lifeline.destroy()))
  return child
}
