import { Command, CommanderError } from 'commander'
import packageJson from '../package.json' with { type: 'json' }
import { addAuditCommands } from './audit-commands.ts'
import { addConfigCommands } from './config-commands.ts'
import { addDocsCommands } from './docs-commands.ts'
import { addModeCommands } from './mode-commands.ts'
import { addExplainCommand } from './explain-command.ts'
import { CommandFailed } from './outside.ts'
import type { Outside } from './outside.ts'
import { printable } from './printable.ts'
import { addStatusCommand } from './status-command.ts'
import { addTopCommands } from './top-command.ts'

/** Exit status of a command line that cannot be understood. */
const misused = 2

/** Runs one command line. Returns the exit status: 0 done, 1 failed or found something wrong, 2 not understood. */
export const runCli = async (args: readonly string[], terminal: Outside): Promise<number> => {
  let status = 0
  // Whatever a command says may hold words of a node, a user or a store.
  const outside: Outside = {
    ...terminal,
    out: (text) => terminal.out(printable(text)),
    err: (text) => terminal.err(printable(text)),
  }
  const program = new Command('penstock')
    .description('Operates a Penstock installation.')
    .version(packageJson.version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => outside.out(text),
      writeErr: (text) => outside.err(text),
      outputError: (text, write) => write(text.replace(/^error:/, 'penstock:')),
    })
  const finish = (next: number): void => {
    status = next
  }
  addAuditCommands(program, outside, finish)
  addConfigCommands(program, outside, finish)
  addDocsCommands(program, outside, finish)
  addModeCommands(program, outside, finish)
  addExplainCommand(program, outside, finish)
  addStatusCommand(program, outside, finish)
  addTopCommands(program, outside, finish)
  try {
    await program.parseAsync(args, { from: 'user' })
    return status
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : misused
    outside.err(`penstock: ${lineOf(error)}\n`)
    return 1
  }
}

const lineOf = (error: unknown): string => {
  if (error instanceof CommandFailed) return error.message
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}
