import { join } from 'node:path'
import { ensureServers, startNats, startRedis } from '@penstock/local-stack'
import type { RunningServer } from '@penstock/local-stack'

const projectRoot = join(import.meta.dirname, '../../..')

/** A NATS server of the test's own, on `port` or a free one. It ends with the test process at the latest. */
export const startTestNats = async (options: { port?: number } = {}): Promise<RunningServer> => {
  const { natsServer } = await ensureServers({ projectRoot })
  return startNats({ ...options, program: natsServer })
}

/** An empty Redis of the test's own, on `port` or a free one. It ends with the test process at the latest. */
export const startTestRedis = async (options: { port?: number } = {}): Promise<RunningServer> => {
  const { redisServer } = await ensureServers({ projectRoot })
  return startRedis({ ...options, program: redisServer })
}
