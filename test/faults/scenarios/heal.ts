import { openRedis } from '@penstock/redis'
import { setTimeout as delay } from 'node:timers/promises'
import { recoveryMs } from '../scenario.ts'
import type { Stage } from '../scenario.ts'

/** The process that is a kind's victim now: the primary of Redis, any one of the others. */
export const victimOf = async (kind: string, stage: Stage): Promise<string> => {
  const { test, random } = stage
  const any = (names: readonly string[]): string => String(names[random.between(0, names.length - 1)])
  switch (kind) {
    case 'router':
      return any(test.routers)
    case 'worker':
      return any(test.workers)
    case 'node':
      return any(test.nodes.map(({ name }) => name))
    case 'nats':
      return any(['nats-1', 'nats-2', 'nats-3'])
    case 'redis':
      return redisPrimary(stage)
    default:
      return kind
  }
}

/** Waits until a process that died or stood still is part of the whole again. `readyCount`: before it died; null: it lived on. */
export const untilWell = async (victim: string, readyCount: number | null, stage: Stage): Promise<void> => {
  const { stack, beats, test } = stage
  // An ingress that is asked to stop lets its streams end first, and those that still came on their connections.
  const readyWithinMs = test.ingresses.includes(victim) ? 2 * recoveryMs : recoveryMs
  if (readyCount !== null) await stack.waitReady(victim, readyCount, readyWithinMs)
  if (test.workers.includes(victim)) await beats.next(victim, recoveryMs)
  if (test.nodes.some(({ name }) => name === victim)) await beats.nodeUp(victim, test.workers, recoveryMs)
  if (victim.startsWith('redis-')) await untilReplicated(stage)
  if (victim.startsWith('nats-')) for (const worker of test.workers) await beats.next(worker, recoveryMs)
}

const askSentinel = async <T>(stage: Stage, ask: (replication: string, port: number) => T | null): Promise<T> => {
  const mustBeAt = performance.now() + recoveryMs
  const redis = openRedis(
    { url: stage.stack.redisUrl, name: 'faults', replyTimeoutMs: 1000, silentSocketMs: 2000 },
    () => undefined,
  )
  try {
    for (;;) {
      const port = redis.status === 'ready' ? redis.stream.remotePort : undefined
      const replication = await redis.info('replication').catch(() => '')
      const answer = port === undefined || replication === '' ? null : ask(replication, port)
      if (answer !== null) return answer
      if (performance.now() > mustBeAt) throw new Error(`Redis is not well within ${recoveryMs} ms: ${replication}`)
      await delay(100, undefined, { signal: stage.signal })
    }
  } finally {
    redis.disconnect()
  }
}

const redisPrimary = (stage: Stage): Promise<string> =>
  askSentinel(
    stage,
    (_replication, port) =>
      ['redis-1', 'redis-2', 'redis-3'].find((name) => stage.stack.process(name).readyInfo?.['port'] === port) ?? null,
  )

/** A primary with both its replicas in step can be struck again. */
const untilReplicated = (stage: Stage): Promise<true> =>
  askSentinel(stage, (replication) =>
    /role:master/.test(replication) && (replication.match(/state=online/g)?.length ?? 0) >= 2 ? true : null,
  )
