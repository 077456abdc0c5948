import type { ServerResponse } from 'node:http'

/** How a stream's bytes are cut into packets. */
export type Packing = 'one_byte' | 'split_utf8' | 'burst'

/** Bytes that make a burst. */
const burstBytes = 2000

/** Makes a response send what is written to it in odd packets, each in a turn of its own. */
export const tamperWrites = (response: ServerResponse, packing: Packing): void => {
  const write = response.write.bind(response) as (bytes: Uint8Array) => boolean
  const end = response.end.bind(response) as () => ServerResponse
  const queue: (Uint8Array | (() => void))[] = []
  let held: Uint8Array = new Uint8Array()
  let ending = false
  let pumping = false

  const pump = (): void => {
    const next = queue.shift()
    if (next === undefined) {
      pumping = false
      if (ending) end()
      return
    }
    if (typeof next === 'function') next()
    else if (!response.destroyed) write(next)
    setImmediate(pump)
  }
  const take = (bytes: Uint8Array, last: boolean): void => {
    held = Buffer.concat([held, bytes])
    if (packing === 'burst' && held.length < burstBytes && !last) return
    queue.push(...pieces(held, packing))
    held = new Uint8Array()
  }
  const start = (): void => {
    if (pumping) return
    pumping = true
    setImmediate(pump)
  }

  response.write = ((text: string, sent?: () => void): boolean => {
    take(Buffer.from(text), false)
    if (sent !== undefined) queue.push(sent)
    start()
    return true
  }) as typeof response.write
  response.end = ((text = ''): ServerResponse => {
    take(Buffer.from(text), true)
    ending = true
    start()
    return response
  }) as typeof response.end
}

const pieces = (bytes: Uint8Array, packing: Packing): Uint8Array[] => {
  switch (packing) {
    case 'burst':
      return [bytes]
    case 'one_byte':
      return Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))
    case 'split_utf8': {
      const cuts = [...bytes.keys()].filter((at) => (bytes[at] as number) >= 0xc0).map((at) => at + 1)
      return [0, ...cuts].map((from, index) => bytes.subarray(from, cuts[index] ?? bytes.length))
    }
  }
}
