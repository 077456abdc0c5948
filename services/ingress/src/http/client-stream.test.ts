import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { waitFor } from '@penstock/testkit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ClientStream } from './client-stream.ts'

/** A server whose answers the test writes, by path. */
const startServer = async () => {
  const streams = new Map<string, ClientStream>()
  const server = createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const stream = new ClientStream(response, { unreadBytesMax: 1_000_000, onTooSlow: () => {} })
    streams.set(request.url ?? '', stream)
  })
  onTestFinished(() => {
    server.close().closeAllConnections()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const streamOf = (path: string) => waitFor(() => streams.get(path), { what: `the call of ${path}` })
  return { port, streamOf, url: `http://127.0.0.1:${port}` }
}

/** Empty ones write nothing; the others hold every width of character, line ends and what looks like a chunk. */
const pieces = ['a', '', 'ä', '€', '😀', '\r\n', '5\r\nabcde\r\n', '0\r\n\r\n', 'x'.repeat(70_000), '\n\n']

describe('a streamed answer', () => {
  test.each([
    ['in one turn', () => Promise.resolve()],
    ['a turn each', () => new Promise<void>((resolve) => setImmediate(resolve))],
  ])('whose pieces come %s arrives as it was written, and its connection serves the next call', async (_how, pause) => {
    const { url, streamOf } = await startServer()
    for (const path of ['/1', '/2']) {
      const answer = fetch(url + path).then((response) => response.text())
      const stream = await streamOf(path)
      for (const piece of pieces) {
        stream.write(piece)
        await pause()
      }
      stream.end('end')
      expect(await answer).toBe(`${pieces.join('')}end`)
    }
  })

  test('waits its turn on a pipelined connection, and nothing of it is lost or moved', async () => {
    const { port, streamOf } = await startServer()
    const socket = connect(port, '127.0.0.1')
    const heard = text(socket)
    socket.write('GET /1 HTTP/1.1\r\nhost: x\r\n\r\nGET /2 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
    const [first, second] = [await streamOf('/1'), await streamOf('/2')]
    for (const piece of 'abc') {
      second.write(piece)
      first.write(piece.toUpperCase())
    }
    first.end()
    for (const piece of 'def') second.write(piece)
    second.end()
    const bodies = (await heard).split('HTTP/1.1 200 OK').map((answer) => answer.split('\r\n\r\n').slice(1).join('|'))
    expect(bodies.join('').replaceAll(/1\r\n/g, '').replaceAll('\r\n', '')).toBe('ABC0|abcdef0|')
  })

  test('to HTTP/1.0 goes without chunks', async () => {
    const { port, streamOf } = await startServer()
    const socket = connect(port, '127.0.0.1')
    const heard = text(socket)
    socket.write('GET /old HTTP/1.0\r\n\r\n')
    const stream = await streamOf('/old')
    for (const piece of 'abc') stream.write(piece)
    stream.end('d')
    expect((await heard).split('\r\n\r\n')[1]).toBe('abcd')
  })
})
