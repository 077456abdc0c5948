import { crc32 } from 'node:zlib'

/**
 * One message of AWS's event stream, as its public specification lays it out: total and header length, their CRC, headers of name,
 * type and value, payload, CRC of all.
 */
const message = (headers: Readonly<Record<string, string>>, payload: object): Buffer => {
  const named = Object.entries({ ':content-type': 'application/json', ...headers }).map(([name, value]) => {
    const text = Buffer.from(value)
    const head = Buffer.alloc(1 + name.length + 3)
    head.writeUInt8(name.length, 0)
    head.write(name, 1)
    head.writeUInt8(7, 1 + name.length)
    head.writeUInt16BE(text.length, 2 + name.length)
    return Buffer.concat([head, text])
  })
  const headerBytes = Buffer.concat(named)
  const body = Buffer.from(JSON.stringify(payload))
  const prelude = Buffer.alloc(12)
  prelude.writeUInt32BE(16 + headerBytes.length + body.length, 0)
  prelude.writeUInt32BE(headerBytes.length, 4)
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8)
  const all = Buffer.concat([prelude, headerBytes, body])
  const end = Buffer.alloc(4)
  end.writeUInt32BE(crc32(all), 0)
  return Buffer.concat([all, end])
}

export const streamEvent = (type: string, payload: object): Buffer =>
  message({ ':event-type': type, ':message-type': 'event' }, payload)

export const streamException = (type: string, text: string): Buffer =>
  message({ ':exception-type': type, ':message-type': 'exception' }, { message: text })
