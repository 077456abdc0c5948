import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { Readable } from 'node:stream'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { nodeLookup } from '../../node-lookup.ts'
import type { NodeReach } from '../../node-lookup.ts'

const connectMs = 1500

/** HTTP/1.1 for the SDK, whose abort signal closes the connection also after the answer has begun. */
export class ClosingHandler extends NodeHttpHandler {
  constructor(reach: NodeReach) {
    const lookup = nodeLookup(reach)
    const options = { keepAlive: true, lookup }
    super({ connectionTimeout: connectMs, httpsAgent: new HttpsAgent(options), httpAgent: new HttpAgent(options) })
  }

  override async handle(...[request, options]: Parameters<NodeHttpHandler['handle']>) {
    const output = await super.handle(request, options)
    const signal = options?.abortSignal
    const body: unknown = output.response.body
    if (signal instanceof AbortSignal && body instanceof Readable) {
      const close = (): void => void body.destroy(new Error('aborted'))
      if (signal.aborted) close()
      else {
        signal.addEventListener('abort', close, { once: true })
        body.once('close', () => signal.removeEventListener('abort', close))
      }
    }
    return output
  }
}
