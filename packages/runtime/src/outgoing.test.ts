import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { applyOutgoing } from './outgoing.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'penstock-outgoing-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

describe('a bundle of authorities', () => {
  it.each(['REQUESTS_CA_BUNDLE', 'SSL_CERT_FILE'])(
    '%s that is missing or holds none is told by name and path',
    async (name) => {
      const missing = join(dir, 'missing.pem')
      expect(() => applyOutgoing({ [name]: missing })).toThrow(`${name}: ${missing} cannot be read (ENOENT)`)
      const empty = join(dir, 'empty.pem')
      await writeFile(empty, 'no certificate')
      expect(() => applyOutgoing({ [name]: empty })).toThrow(`${name}: ${empty} holds no PEM certificate`)
    },
  )

  it('is trusted besides the public ones', async () => {
    const bundle = join(dir, 'bundle.pem')
    await writeFile(bundle, `# ours\n${rootCertificates[0]}\n`)
    expect(() => applyOutgoing({ REQUESTS_CA_BUNDLE: bundle })).not.toThrow()
  })
})

it('what fetch asks for goes through the proxy, but for the hosts that are excepted', async () => {
  const asked: string[] = []
  const proxy = createServer((request, response) => {
    asked.push(request.url ?? '')
    response.end('from the proxy')
  })
  // A tunnel ends at the proxy itself, which then is the server that was asked for.
  proxy.on('connect', (request, socket) => {
    asked.push(request.url ?? '')
    socket.write('HTTP/1.1 200 OK\r\n\r\n')
    proxy.emit('connection', socket)
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  // In a process of its own: the proxy is set for all of one.
  const script = `
    import { applyOutgoing } from ${JSON.stringify(new URL('./outgoing.ts', import.meta.url).href)}
    applyOutgoing({ HTTP_PROXY: ${JSON.stringify(url)}, NO_PROXY: '127.0.0.1' })
    const answers = await Promise.all(['http://gitlab.example.test/x', ${JSON.stringify(`${url}/direct`)}].map((to) => fetch(to).then((answer) => answer.text())))
    process.stdout.write(answers.join())`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
  proxy.closeAllConnections()
  await new Promise((resolve) => proxy.close(resolve))
  expect(stdout).toBe('from the proxy,from the proxy')
  expect(asked).toContain('gitlab.example.test:80')
  expect(asked).toContain('/direct')
})
