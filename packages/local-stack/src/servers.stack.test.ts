import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startNats } from './nats.ts'
import { startRedis } from './redis.ts'
import { ensureServers } from './servers.ts'
import type { Servers } from './servers.ts'

const projectRoot = join(import.meta.dirname, '../../..')

const emptyFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'servers-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** First answer of a server to `words`. */
const firstAnswer = async (port: number, words: string): Promise<string> => {
  const socket = connect(port, '127.0.0.1')
  try {
    socket.write(words)
    const [bytes] = (await once(socket, 'data')) as [Buffer]
    return bytes.toString()
  } finally {
    socket.destroy()
  }
}

const expectBothAnswer = async ({ natsServer, redisServer }: Servers): Promise<void> => {
  await using nats = await startNats({ program: natsServer })
  await using redis = await startRedis({ program: redisServer })
  expect(await firstAnswer(nats.port, '')).toMatch(/^INFO \{/)
  expect(await firstAnswer(redis.port, 'PING\r\n')).toBe('+PONG\r\n')
  expect(await firstAnswer(redis.port, 'CONFIG GET maxmemory-policy\r\n')).toContain('noeviction')
}

test('both servers are there and answer', async () => {
  await expectBothAnswer(await ensureServers({ projectRoot }))
})

test(
  'a machine without servers gets working ones, asked for twice at once, or one line that says what to do',
  { timeout: 200_000 },
  async () => {
    const root = emptyFolder()
    const fetched: string[] = []
    const options = { projectRoot: root, searchPath: [], onProgress: (sentence: string) => void fetched.push(sentence) }
    const [first, second] = await Promise.allSettled([ensureServers(options), ensureServers(options)])
    expect(readdirSync(join(root, '.tools')).filter((name) => name.includes('part'))).toEqual([])
    if (first.status === 'fulfilled' && second.status === 'fulfilled') {
      expect(fetched).toHaveLength(1)
      expect(second.value).toEqual(first.value)
      await expectBothAnswer(first.value)
    } else {
      expect(first).toMatchObject({
        reason: {
          message: expect.stringMatching(/^nats-server and redis-server not found .* set NATS_URL and REDIS_URL/),
        },
      })
    }
  },
)

test('a machine without the tools to fetch them gets one line that says what to do', async () => {
  const path = process.env['PATH']
  process.env['PATH'] = emptyFolder()
  onTestFinished(() => void (process.env['PATH'] = path))
  await expect(ensureServers({ projectRoot: emptyFolder(), searchPath: [] })).rejects.toThrow(
    /^nats-server and redis-server not found on this machine and not downloadable \(.*\): install the packages nats-server and redis-server, or set NATS_URL and REDIS_URL/,
  )
})

test('a fixed port that is taken is named by the server that wants it', async () => {
  const { redisServer } = await ensureServers({ projectRoot })
  await using redis = await startRedis({ program: redisServer })
  await expect(startRedis({ program: redisServer, port: redis.port })).rejects.toThrow(
    /^redis-server ended before it was ready .*Failed listening on port/,
  )
})
