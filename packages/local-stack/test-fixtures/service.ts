/** A service that heeds no lifeline: only its guard can end it when its launcher is gone. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const print = (record: Record<string, unknown>): void => void process.stdout.write(`${JSON.stringify(record)}\n`)

if (process.env['FIXTURE_REFUSES'] === undefined) {
  const server = createServer((_request, response) => response.end('served'))
  server.listen(Number(process.env['FIXTURE_PORT'] ?? 0), '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo
    print({ ready: true, port, url: `http://127.0.0.1:${port}` })
  })
  process.on('SIGTERM', () => {
    print({ severity: 'info', message: `${process.env['PENSTOCK_INSTANCE']} stops` })
    server.close()
    server.closeAllConnections()
  })
} else {
  print({ severity: 'fatal', message: process.env['FIXTURE_REFUSES'] })
  process.exitCode = 1
}
