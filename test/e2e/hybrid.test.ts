import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { readArchive } from '@penstock/audit-chain'
import type { AuditRecord } from '@penstock/audit-chain'
import { runCli } from '@penstock/cli'
import { waitFor } from '@penstock/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestStack } from '../stack/start-stack.ts'
import type { TestStack } from '../stack/start-stack.ts'

/** A feature that the configuration sends to a vendor's gateway: what leaves, what stays, and who can see it afterwards. */

const canary = 'CANARY-diff-of-the-customer'
const vendorKey = 'vendor-key-of-the-operator'

interface VendorCall {
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: Record<string, unknown>
}

const calls: VendorCall[] = []
const answerOf = async (request: IncomingMessage): Promise<string> => {
  const body = JSON.parse(await text(request)) as Record<string, unknown>
  calls.push({ url: request.url ?? '', headers: request.headers, body })
  return JSON.stringify('<review></review>')
}
const vendor = createServer((request, response) => {
  answerOf(request).then(
    (answer) => response.writeHead(200, { 'content-type': 'application/json' }).end(answer),
    (error: unknown) => response.destroy(error as Error),
  )
})

let stack: TestStack
beforeAll(async () => {
  vendor.listen(0, '127.0.0.1')
  await once(vendor, 'listening')
  stack = await startTestStack({
    nodes: 1,
    workers: 1,
    routers: 1,
    env: { VENDOR_KEY: vendorKey },
    configure: (document) => ({
      ...document,
      gateways: [
        {
          name: 'vendor',
          url: `http://127.0.0.1:${(vendor.address() as AddressInfo).port}/ai`,
          credential: 'env:VENDOR_KEY',
        },
      ],
      features: { 'code-review': { gateway: 'vendor' } },
    }),
  })
})
afterAll(async () => {
  await stack[Symbol.asyncDispose]()
  vendor.closeAllConnections()
  vendor.close()
})

const inputs = {
  mr_title: 'Sum',
  mr_description: null,
  diff_lines: canary,
  full_file_intro: '',
  full_content_section: '',
  custom_instructions_section: '',
}
const review = async (id: string): Promise<Response> =>
  fetch(`${stack.apiUrl}/v1/prompts/review_merge_request`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await stack.token(['review_merge_request'])}`,
      'x-gitlab-authentication-type': 'oidc',
      'x-gitlab-realm': 'self-managed',
      'x-gitlab-instance-id': stack.instanceId,
      'content-type': 'application/json',
      'x-request-id': id,
      cookie: 'session=secret',
    },
    body: JSON.stringify({
      inputs,
      prompt_version: '^1.0.0',
      model_metadata: {
        provider: 'openai',
        name: 'general',
        endpoint: 'http://vllm/v1',
        api_key: 'k',
        identifier: 'm',
      },
    }),
  })

const penstock = async (...args: string[]): Promise<{ status: number; out: string }> => {
  let out = ''
  const status = await runCli(args, {
    environment: { NATS_URL: stack.stack.natsUrl },
    folder: stack.dataDir,
    out: (said) => void (out += said),
    err: (said) => void (out += said),
  })
  return { status, out }
}

/** The archived records of the request with this correlation id, once it has so many. */
const recordsOf = (id: string, count: number): Promise<AuditRecord[]> =>
  waitFor(
    async () => {
      const records = await Array.fromAsync(readArchive(stack.archiveDir)).catch(() => [])
      const own = records.filter(({ correlationId }) => correlationId === id)
      return own.length >= count ? own : null
    },
    { what: `the records of ${id} in the archive`, timeoutMs: 15_000 },
  )

test('what leaves the domain is answered by the vendor, without our models, keys, tokens or cookies', async () => {
  const response = await review('leaves')
  expect([response.status, await response.json()]).toEqual([200, '<review></review>'])
  expect(calls).toHaveLength(1)
  const [call] = calls
  expect(call?.url).toBe('/ai/v1/prompts/review_merge_request')
  expect(call?.body).toEqual({ inputs, prompt_version: '^1.0.0' })
  expect(call?.headers).toMatchObject({ authorization: `Bearer ${vendorKey}`, 'x-request-id': 'leaves' })
  expect(call?.headers.cookie).toBeUndefined()
})

test('readiness, the log, the audit trail and explain say so, and none of them holds a word of it', async () => {
  const ready: unknown = await (await fetch(`${stack.apiUrl}/monitoring/ready`)).json()
  expect(ready).toEqual({ status: 'ready', leaves_domain: [{ feature: 'code-review', gateway: 'vendor' }] })

  const [accepted, ended] = await recordsOf('leaves', 2)
  expect(accepted).toMatchObject({
    type: 'request.accepted',
    data: { feature: 'code-review', gateway: 'vendor', leaves_domain: true },
  })
  expect(ended).toMatchObject({ type: 'response.completed', data: { gateway: 'vendor', upstream_status: 200 } })
  expect((await penstock('explain', 'leaves', '--dir', 'archive')).out).toContain(
    'feature code-review -> gateway vendor, outside the domain',
  )
  const verified = await penstock('audit', 'verify', '--dir', 'archive')
  expect(verified).toMatchObject({ status: 0 })

  const log = await readFile(join(stack.dataDir, 'logs/ingress.log'), 'utf8')
  const said = log.split('\n').filter((line) => line.includes('request leaves the domain'))
  expect(said.map((line) => JSON.parse(line) as unknown)).toEqual([
    expect.objectContaining({
      correlation_id: 'leaves',
      feature: 'code-review',
      gateway: 'vendor',
      leaves_domain: true,
    }),
  ])
  for (const held of [log, JSON.stringify([accepted, ended])]) {
    expect(held).not.toContain(canary)
    expect(held).not.toContain(vendorKey)
  }
})

test('a vendor that nobody reaches is worth a retry, and the trail holds that too', async () => {
  vendor.closeAllConnections()
  vendor.close()
  await once(vendor, 'close')
  const response = await review('unreached')
  expect([response.status, response.headers.get('retry-after')]).toEqual([429, '2'])
  const records = await recordsOf('unreached', 2)
  expect(records.map(({ type, data }) => [type, data['gateway']])).toEqual([
    ['request.accepted', 'vendor'],
    ['response.failed', 'vendor'],
  ])
  const verified = await penstock('audit', 'verify', '--dir', 'archive')
  expect(verified).toMatchObject({ status: 0 })
})
