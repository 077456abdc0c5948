import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { decode, encode } from 'dns-packet'
import type { Answer, Packet } from 'dns-packet'

/** What a name has; a kind that is left out is empty. A name that has nothing set does not exist. */
export interface DnsRecords {
  readonly a?: readonly string[]
  readonly aaaa?: readonly string[]
  readonly srv?: readonly { readonly target: string; readonly port: number }[]
}

export interface TestDns extends AsyncDisposable {
  /** As resolvers take it: `127.0.0.1:5353`. */
  readonly server: string
  /** Questions so far. */
  readonly asked: number
  /** Answers from now on; null: there is no such name. */
  set(name: string, records: DnsRecords | null): void
  /** `servfail` and `silent`: nobody gets an answer of use. Null: as set. */
  break(how: 'servfail' | 'silent' | null): void
}

const ttlS = 30
const responseCodes = { servfail: 2, nxdomain: 3 } as const

/** A name server over UDP, on a free port of 127.0.0.1. */
export const startTestDns = async (): Promise<TestDns> => {
  const names = new Map<string, DnsRecords>()
  let broken: 'servfail' | 'silent' | null = null
  let asked = 0
  const socket = createSocket('udp4')
  socket.on('message', (message, from) => {
    asked += 1
    if (broken === 'silent') return
    const query = decode(message)
    const [question] = query.questions ?? []
    const records = names.get(question?.name.toLowerCase() ?? '')
    const code = broken === 'servfail' ? responseCodes.servfail : records === undefined ? responseCodes.nxdomain : 0
    const packet: Packet = {
      type: 'response',
      id: query.id ?? 0,
      // The response code has no field of its own: it is the low bits of the flags.
      flags: code,
      questions: query.questions ?? [],
      answers: code === 0 && records !== undefined ? answersTo(question?.name ?? '', question?.type, records) : [],
    }
    socket.send(encode(packet), from.port, from.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return {
    server: `127.0.0.1:${socket.address().port}`,
    get asked() {
      return asked
    },
    set: (name, records) => void (records === null ? names.delete(name) : names.set(name, records)),
    break: (how) => void (broken = how),
    async [Symbol.asyncDispose]() {
      const closed = once(socket, 'close')
      socket.close()
      await closed
    },
  }
}

const answersTo = (name: string, type: string | undefined, { a = [], aaaa = [], srv = [] }: DnsRecords): Answer[] => {
  if (type === 'A') return a.map((data) => ({ type: 'A', name, ttl: ttlS, data }))
  if (type === 'AAAA') return aaaa.map((data) => ({ type: 'AAAA', name, ttl: ttlS, data }))
  if (type === 'SRV') return srv.map((data) => ({ type: 'SRV', name, ttl: ttlS, data }))
  return []
}
