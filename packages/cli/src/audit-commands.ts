import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { verifyArchive } from '@penstock/audit-chain'
import type { VerifyReport } from '@penstock/audit-chain'
import type { Command } from 'commander'
import { describeVerification } from './describe-verification.ts'
import { CommandFailed, print } from './outside.ts'
import type { Outside } from './outside.ts'

interface VerifyFlags {
  readonly dir: string
  readonly key?: string
  readonly json?: boolean
}

/** `penstock audit …` */
export const addAuditCommands = (program: Command, outside: Outside, finish: (status: number) => void): void => {
  program
    .command('audit')
    .description('the audit archive')
    .command('verify')
    .description('proves an archive complete and unaltered; exit status 1 when it is not')
    .requiredOption('--dir <archive>', 'folder of the archive; it may be in use')
    .option('--key <file>', 'PEM public key that must have signed; without it the keys in the archive are taken')
    .option('--json', 'the whole report')
    .action(async (flags: VerifyFlags) => {
      const dir = resolve(outside.folder, flags.dir)
      const report = await verified(dir, flags.key === undefined ? undefined : resolve(outside.folder, flags.key))
      finish(print({ text: describeVerification(dir, report), json: report, ok: report.ok }, flags, outside))
    })
}

const verified = async (dir: string, keyFile: string | undefined): Promise<VerifyReport> => {
  try {
    const key = keyFile === undefined ? {} : { publicKey: await readFile(keyFile, 'utf8') }
    return await verifyArchive({ dir, ...key })
  } catch (cause) {
    const { code, path, message } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT')
      throw new CommandFailed(path === keyFile ? `no file ${keyFile}` : `no audit archive in ${dir}`, { cause })
    throw new CommandFailed(`the archive in ${dir} cannot be read: ${message}`, { cause })
  }
}
