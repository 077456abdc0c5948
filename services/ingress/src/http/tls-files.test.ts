import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Server, TLSSocket } from 'node:tls'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { startTestApp } from './http-app.fixture.ts'
import { testCertificates } from './tls-files.fixture.ts'
import { followTls, readTls } from './tls-files.ts'

let dir: string
const files = { certFile: '', keyFile: '' }
const put = async ({ cert, key }: { readonly cert: string; readonly key: string }): Promise<void> => {
  await writeFile(files.keyFile, key)
  await writeFile(files.certFile, cert)
}
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'penstock-tls-'))
  Object.assign(files, { certFile: join(dir, 'cert.pem'), keyFile: join(dir, 'key.pem') })
  await put(testCertificates.first)
})
afterAll(() => rm(dir, { recursive: true, force: true }))

/** Status and name of the certificate. */
const ask = (port: number): Promise<[number | undefined, string | string[] | undefined]> =>
  new Promise((resolve, reject) => {
    const options = { port, path: '/monitoring/healthz', rejectUnauthorized: false, agent: false }
    const asked = request(options, (response) => {
      const name = (response.socket as TLSSocket).getPeerCertificate().subject.CN
      response.resume().once('end', () => resolve([response.statusCode, name]))
    })
    asked.once('error', reject).end()
  })

it('speaks TLS, takes up a renewed certificate, and keeps the old one when the files are unfit', async () => {
  await using app = await startTestApp({ tls: readTls(files) })
  const warnings: object[] = []
  const log = { info: () => undefined, warn: (fields: object) => void warnings.push(fields) }
  using _following = followTls(files, app.server as unknown as Server, log, { everyMs: 20 })
  expect(await ask(app.port)).toEqual([200, 'first.example.test'])
  await put(testCertificates.second)
  await vi.waitFor(async () => expect(await ask(app.port)).toEqual([200, 'second.example.test']), 5000)
  await rm(files.certFile)
  await vi.waitFor(() => expect(warnings.length).toBeGreaterThan(0))
  expect(await ask(app.port)).toEqual([200, 'second.example.test'])
  expect(() => readTls(files)).toThrow(`PENSTOCK_TLS_CERT_FILE: ${files.certFile} cannot be read (ENOENT)`)
})

it('answers nothing to those who speak plain HTTP', async () => {
  await put(testCertificates.first)
  await using app = await startTestApp({ tls: readTls(files) })
  const socket = connect(app.port, '127.0.0.1')
  let received = ''
  socket.on('data', (piece) => (received += piece.toString('latin1')))
  socket.on('error', () => undefined)
  socket.write('GET /monitoring/healthz HTTP/1.1\r\nHost: a\r\n\r\n')
  await new Promise((resolve) => socket.once('close', resolve))
  expect(received).not.toContain('200')
  expect(received).not.toContain('ok')
})
