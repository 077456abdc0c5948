import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { waitFor } from '@penstock/testkit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { NodeCallFailed, NodeClient } from './node-client.ts'
import type { NodeCall } from './node-client.ts'

interface Heard {
  url: string
  headers: IncomingMessage['headers']
  body: unknown
  closed: boolean
}

/** A model server of the test's own. */
const startNode = async (answer: (response: ServerResponse, heard: Heard) => void) => {
  const heard: Heard[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      const one = { url: request.url!, headers: request.headers, body: JSON.parse(body) as unknown, closed: false }
      heard.push(one)
      request.socket.once('close', () => (one.closed = true))
      answer(response, one)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const client = clientOf(`${origin}/v1`)
  return { origin, heard, client }
}

const clientOf = (url: string): NodeClient => {
  const client = new NodeClient(url, { address: null })
  onTestFinished(() => client.close())
  return client
}

/** Calls and gathers what comes. */
const ask = async (client: NodeClient, over: Partial<NodeCall> = {}) => {
  const objects: unknown[] = []
  const answer = await client.call({
    path: '/chat/completions',
    body: { a: 1 },
    headers: { 'x-request-id': 'r.1' },
    signal: new AbortController().signal,
    onObject: (object) => objects.push(object) > 0,
    ...over,
  })
  return { answer, objects }
}

const eventStream = (response: ServerResponse) => response.writeHead(200, { 'content-type': 'text/event-stream' })
const event = (object: unknown): string => `data: ${JSON.stringify(object)}\n\n`

test('a call to a vetted address goes there and nowhere else, under the host name that the configuration has', async () => {
  const { origin, heard } = await startNode((response) => response.writeHead(500).end())
  const port = Number(new URL(origin).port)
  const client = new NodeClient(`http://no-such-name.invalid:${port}/v1`, {
    address: { ip: '127.0.0.1', port },
  })
  onTestFinished(() => client.close())
  await ask(client)
  expect(heard[0]?.headers.host).toBe(`no-such-name.invalid:${port}`)
})

test('a call carries its body and headers to the path below the base URL', async () => {
  const { client, heard, origin } = await startNode((response) => response.writeHead(500).end())
  await ask(client)
  await ask(clientOf(`${origin}/deep/base/`))
  expect(heard[0]).toMatchObject({
    url: '/v1/chat/completions',
    body: { a: 1 },
    headers: { 'content-type': 'application/json', 'x-request-id': 'r.1' },
  })
  expect(heard[1]?.url).toBe('/deep/base/chat/completions')
})

describe('a streamed answer', () => {
  test('cut after every byte, in lines of any kind, brings the same objects', async () => {
    const objects = [{ text: 'añb🌊' }, { text: '\n\n' }, { usage: null }]
    const stream = [
      ': comment\n',
      event(objects[0]),
      event(objects[1]),
      'event: x\nid: 1\n',
      event(objects[2]),
      'data: [DONE]\n\n',
    ]
    for (const lineEnd of ['\n', '\r\n']) {
      const { client } = await startNode((response) => {
        eventStream(response)
        for (const byte of Buffer.from(stream.join('').replaceAll('\n', lineEnd))) response.write(Buffer.of(byte))
        response.end()
      })
      expect((await ask(client)).objects).toEqual(objects)
    }
  })

  test('brings each object as it comes, before the answer has ended', async () => {
    const { promise: seen, resolve } = Promise.withResolvers<void>()
    const { client } = await startNode((response) => {
      eventStream(response).write(event({ n: 1 }))
      void seen.then(() => response.end(event({ n: 2 })))
    })
    const { objects } = await ask(client, { onObject: () => (resolve(), true) })
    expect(objects).toEqual([])
  })

  test('with an event of 4 MB, as it repeats the tokens of a long prompt, is read; one of 9 MB is refused and its socket closed', async () => {
    const { client, heard } = await startNode((response, { body }) => {
      const { megabytes } = body as { megabytes: number }
      eventStream(response).write(event('x'.repeat(megabytes * 1024 ** 2)))
      if (megabytes < 8) response.end()
    })
    expect((await ask(client, { body: { megabytes: 4 } })).objects).toHaveLength(1)
    await expect(ask(client, { body: { megabytes: 9 } })).rejects.toMatchObject({ answered: true })
    await waitFor(() => heard[1]?.closed, { what: 'the socket closed' })
  })

  test('with an event that is no JSON is broken', async () => {
    const { client, heard } = await startNode((response) => eventStream(response).write('data: {"a"\n\n'))
    await expect(ask(client)).rejects.toMatchObject({ answered: true })
    await waitFor(() => heard[0]?.closed, { what: 'the socket closed' })
  })

  test('that is reset is broken, unless it had said [DONE]', async () => {
    const { client } = await startNode((response, { body }) => {
      eventStream(response).write(event({ n: 1 }) + ((body as { done: boolean }).done ? 'data: [DONE]\n\n' : ''), () =>
        response.socket!.resetAndDestroy(),
      )
    })
    await expect(ask(client, { body: { done: false } })).rejects.toMatchObject({ answered: true })
    expect((await ask(client, { body: { done: true } })).objects).toEqual([{ n: 1 }])
  })

  test('is cut off when its reader has enough', async () => {
    const { client, heard } = await startNode((response) =>
      eventStream(response).write(event({ n: 1 }) + event({ n: 2 })),
    )
    const objects: unknown[] = []
    await expect(ask(client, { onObject: (object) => objects.push(object) > 1 })).rejects.toBeInstanceOf(NodeCallFailed)
    expect(objects).toEqual([{ n: 1 }])
    await waitFor(() => heard[0]?.closed, { what: 'the socket closed' })
  })
})

describe('an answer in one piece', () => {
  test('is read like a stream of one object', async () => {
    const { client } = await startNode((response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ whole: 'añ🌊' })),
    )
    expect((await ask(client)).objects).toEqual([{ whole: 'añ🌊' }])
  })

  test.each(['<html>', '', '{"a"'])('that is %j and no JSON is broken', async (content) => {
    const { client } = await startNode((response) => response.writeHead(200).end(content))
    await expect(ask(client)).rejects.toMatchObject({ answered: true })
  })

  test('without end is broken, and its socket closed', async () => {
    const { client, heard } = await startNode((response) => response.writeHead(200).write('x'.repeat(17 * 1024 ** 2)))
    await expect(ask(client)).rejects.toMatchObject({ answered: true })
    await waitFor(() => heard[0]?.closed, { what: 'the socket closed' })
  })
})

describe('an answer other than 200', () => {
  test.each([
    ['3', 3000],
    ['0.5', 500],
    [undefined, null],
    ['soon', null],
    ['Wed, 21 Oct 2030 07:28:00 GMT', null],
    ['-1', null],
    ['1e300', 3_600_000],
  ])('with Retry-After %s asks to wait %s ms', async (header, retryAfterMs) => {
    const { client } = await startNode((response) =>
      response.writeHead(503, header === undefined ? {} : { 'retry-after': header }).end('{"error":"busy"}'),
    )
    expect(await ask(client)).toMatchObject({ answer: { status: 503, retryAfterMs }, objects: [] })
  })

  test('counts although the server closes before it has read the whole body, as proxies do with 413', async () => {
    const server = createServer((request, response) => {
      request.once('data', () => {
        request.pause()
        response.writeHead(413, { connection: 'close' }).end('too large', () => request.socket.resetAndDestroy())
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const client = clientOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    const { answer } = await ask(client, { body: 'x'.repeat(8 * 1024 ** 2) })
    expect(answer.status).toBe(413)
  })

  test('F6: that redirects is not followed: calls go to configured nodes only', async () => {
    const elsewhere = await startNode((response) => response.end('{}'))
    for (const status of [301, 302, 307, 308]) {
      const { client } = await startNode((response) =>
        response.writeHead(status, { location: `${elsewhere.origin}/v1/chat/completions` }).end(),
      )
      expect((await ask(client)).answer.status).toBe(status)
    }
    expect(elsewhere.heard).toEqual([])
  })
})

describe('a call', () => {
  test('to a closed port never had an answer', async () => {
    await expect(ask(clientOf('http://127.0.0.1:1'))).rejects.toMatchObject({ answered: false })
  })

  test('whose connection closes before the status line never had an answer', async () => {
    const { client } = await startNode((response) => response.socket!.destroy())
    await expect(ask(client)).rejects.toMatchObject({ answered: false })
  })

  test.each(['before its headers', 'while it streams'])(
    'that is aborted %s closes the socket at once',
    async (when) => {
      const { client, heard } = await startNode((response) => {
        if (when === 'while it streams') eventStream(response).write(event({ n: 1 }))
      })
      const controller = new AbortController()
      const { promise: streaming, resolve } = Promise.withResolvers<void>()
      const called = ask(client, { signal: controller.signal, onObject: () => (resolve(), true) })
      called.catch(() => undefined)
      await waitFor(() => heard.length === 1, { what: 'the call' })
      if (when === 'while it streams') await streaming
      const abortedAt = performance.now()
      controller.abort()
      await expect(called).rejects.toBeInstanceOf(NodeCallFailed)
      await waitFor(() => heard[0]?.closed, { what: 'the socket closed', everyMs: 1 })
      expect(performance.now() - abortedAt).toBeLessThan(250)
    },
  )

  test('that was aborted already never leaves', async () => {
    const { client, heard } = await startNode((response) => response.end('{}'))
    await expect(ask(client, { signal: AbortSignal.abort() })).rejects.toMatchObject({ answered: false })
    expect(heard).toEqual([])
  })

  test('waits for no other: a hundred run at once', async () => {
    let open = 0
    const waiting: (() => void)[] = []
    const { client } = await startNode((response) => {
      waiting.push(() => response.end('{}'))
      if (++open === 100) for (const answer of waiting) answer()
    })
    await Promise.all(Array.from({ length: 100 }, () => ask(client)))
    expect(open).toBe(100)
  })
})
