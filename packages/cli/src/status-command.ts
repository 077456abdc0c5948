import { hostname } from 'node:os'
import { reportStatus } from '@penstock/contracts'
import type { ServiceStatus } from '@penstock/contracts'
import type { Command } from 'commander'
import { withBus } from './open-bus.ts'
import { print } from './outside.ts'
import type { Outside } from './outside.ts'

/** Time for every service to answer, ms. */
const answersWithinMs = 1000

/** `penstock status`: who answers on the bus. With `--own` it is the health check of services that have no port. */
export const addStatusCommand = (program: Command, outside: Outside, finish: (status: number) => void): void => {
  program
    .command('status')
    .description('lists the services that answer on the bus; NATS_URL and PENSTOCK_PREFIX name it')
    .option('--own', 'exit status 1 unless the service of this host, or PENSTOCK_INSTANCE, is among them')
    .option('--json', 'for programs')
    .action(async (flags: { own?: boolean; json?: boolean }) => {
      const statuses = (await ask(outside)).toSorted((a, b) => nameOf(a).localeCompare(nameOf(b)))
      const ok = flags.own !== true || statuses.some(({ instance }) => isOwn(instance, outside))
      const text = statuses.length === 0 ? 'no service answers' : statuses.map(describe).join('\n')
      finish(print({ ok, text, json: statuses }, flags, outside))
    })
}

const ask = (outside: Outside): Promise<ServiceStatus[]> =>
  withBus(outside, (bus) => bus.collect(reportStatus, {}, answersWithinMs))

const isOwn = (instance: string, { environment }: Outside): boolean => {
  const own = environment['PENSTOCK_INSTANCE']
  return own ? instance === own : instance.endsWith(`-${hostname()}`)
}

const nameOf = ({ service, instance }: ServiceStatus): string => `${service} ${instance}`

const describe = (status: ServiceStatus): string =>
  `${status.service.padEnd(8)} ${status.instance}${status.configVersion === 0 ? '' : `  configuration ${status.configVersion}`}`
