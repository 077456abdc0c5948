import { resolve } from 'node:path'
import { readArchive } from '@penstock/audit-chain'
import type { AuditRecord } from '@penstock/audit-chain'
import { listRequests } from '@penstock/contracts'
import type { Command } from 'commander'
import { describeRequest } from './describe-request.ts'
import { withBus } from './open-bus.ts'
import { CommandFailed, print } from './outside.ts'
import type { Outcome, Outside } from './outside.ts'

const answersWithinMs = 500

interface Flags {
  readonly dir?: string
  readonly json?: boolean
}

/** `penstock explain <id>`: a request's whole story from the audit archive, or where it stands while it is under way. */
export const addExplainCommand = (program: Command, outside: Outside, finish: (status: number) => void): void => {
  program
    .command('explain <id>')
    .description(
      'tells why a request went where it went, what it waited for and how it ended; by request id or correlation id',
    )
    .option('--dir <archive>', 'folder of the audit archive; default PENSTOCK_ARCHIVE_DIR')
    .option('--json', 'for programs')
    .action(async (id: string, flags: Flags) => finish(print(await explain(id, flags, outside), flags, outside)))
}

const explain = async (id: string, flags: Flags, outside: Outside): Promise<Outcome> => {
  const folder = flags.dir ?? outside.environment['PENSTOCK_ARCHIVE_DIR']
  const records = folder === undefined || folder === '' ? [] : await recordsOf(id, resolve(outside.folder, folder))
  if (records.length > 0) return { ok: true, text: describeRequest(records), json: records }
  const live = await withBus(outside, async (bus) => {
    const lists = await bus.collect(listRequests, {}, answersWithinMs)
    return lists.flatMap(({ instance, requests }) =>
      requests
        .filter((each) => each.request === id || each.correlationId === id)
        .map((each) => ({ instance, ...each })),
    )
  })
  if (live.length > 0) {
    const text = live.map(
      (each) =>
        `request ${each.request} is under way at ${each.instance}: ${each.state} for ${each.ageMs} ms, attempt ${each.attempt}, pool ${each.pool ?? '?'}, lane ${each.lane ?? '?'}`,
    )
    return { ok: true, text: text.join('\n'), json: live }
  }
  throw new CommandFailed(
    folder
      ? `neither the archive in ${folder} nor any ingress knows ${id}`
      : `no ingress knows ${id}: --dir names the archive`,
  )
}

const recordsOf = async (id: string, dir: string): Promise<AuditRecord[]> => {
  const found: AuditRecord[] = []
  try {
    for await (const record of readArchive(dir))
      if (record.requestId === id || record.correlationId === id) found.push(record)
  } catch (cause) {
    throw new CommandFailed(`no audit archive in ${dir}`, { cause })
  }
  return found
}
