import { setTimeout as delay } from 'node:timers/promises'
import { readEnvironment } from './environment.ts'
import { runService } from './lifecycle.ts'
import { z } from 'zod'

// A service to be stopped: says what becomes of it on stdout, as every service does.
const variables = z.object({
  FIXTURE: z.enum(['serves', 'cannot start', 'never starts', 'never ends', 'leaks a handle']),
})

await runService(
  'fixture',
  // oxlint-disable-next-line node/no-process-env -- stands for a main.ts
  process.env,
  (environment) => readEnvironment(variables, environment),
  async ({ FIXTURE: behaviour }, { log }) => {
    const open = setInterval(() => undefined, 1000)
    if (behaviour === 'cannot start') throw new Error('the port is taken')
    if (behaviour === 'never starts') {
      log.info('starting')
      await new Promise(() => undefined)
    }
    return {
      readyInfo: { port: 1 },
      async [Symbol.asyncDispose]() {
        if (behaviour === 'never ends') await new Promise(() => undefined)
        if (behaviour !== 'leaks a handle') clearInterval(open)
        await delay(10)
        log.info('disposed')
      },
    }
  },
)
