import { Bus } from '@penstock/bus'
import { CommandFailed } from './outside.ts'
import type { Outside } from './outside.ts'

/** Runs one piece of work on the bus that `NATS_URL` and `PENSTOCK_PREFIX` name. */
export const withBus = async <T>(outside: Outside, work: (bus: Bus) => Promise<T>): Promise<T> => {
  const { environment } = outside
  const servers = environment['NATS_URL'] || 'nats://127.0.0.1:4222'
  const onProblem = (problem: object): void => outside.err(`penstock: ${JSON.stringify(problem)}\n`)
  await using bus = await Bus.connect({
    servers,
    name: 'penstock-cli',
    subjectPrefix: environment['PENSTOCK_PREFIX'] || 'penstock',
    onInvalid: onProblem,
    onHandlerError: onProblem,
  }).catch((cause: unknown) => {
    throw new CommandFailed(`no NATS at ${hostsOf(servers)}: set NATS_URL`, { cause })
  })
  return await work(bus)
}

/** The servers without credentials. */
const hostsOf = (servers: string): string =>
  servers
    .split(',')
    .map((server) => server.replace(/^.*@/, '').replace(/^\w+:\/\//, ''))
    .join(', ')
