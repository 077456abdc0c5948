import type { AuditRecord } from '@penstock/audit-chain'

/** One request's records as its story: where it went and why, what it waited for, who worked on it, how it ended. */
export const describeRequest = (records: readonly AuditRecord[]): string =>
  [...Map.groupBy(records, ({ requestId }) => requestId)]
    .map(([id, own]) => [`request ${id}`, ...own.flatMap(linesOf)].join('\n'))
    .join('\n')

type Data = AuditRecord['data']

const linesOf = ({ at, type, data, correlationId, seq, writerId }: AuditRecord): string[] => {
  const head = `  ${at}  ${type}`
  const source = `    record     seq ${seq} of writer ${writerId}, correlation id ${correlationId ?? 'none'}`
  switch (type) {
    case 'request.accepted':
      return [
        head,
        source,
        `    asked by   principal ${text(data, 'principal')}${told(data, 'tenant', ', tenant ')}, ${text(data, 'body_bytes')} bytes`,
        ...placeOf(data),
        ...line(
          data,
          'rank',
          (rank) =>
            `    rank       ${rank}, ${text(data, 'ahead')} jobs before it${told(data, 'expected_wait_ms', ', expected wait ', ' ms')}`,
        ),
        ...line(data, 'hold_ms', (ms) => `    held       no node was up: up to ${ms} ms in the waiting room`),
        ...line(data, 'took_place_of', (id) => `    replaced   took the place of job ${id}`),
        ...line(data, 'generation', (id) => `    shared     the generation of request ${id}`),
      ]
    case 'request.refused':
      return [
        head,
        source,
        `    refused    ${text(data, 'code')}${told(data, 'why', ': ')}${told(data, 'pool', ', pool ')}${told(data, 'lane', ', lane ')}`,
        ...endedBy(data),
      ]
    case 'response.completed':
    case 'response.failed':
    case 'response.client_gone':
    case 'response.cancelled':
    case 'response.unknown_crash':
      return [
        head,
        source,
        ...line(data, 'code', (code) => `    outcome    ${code}`),
        ...line(
          data,
          'finish_reason',
          (reason) =>
            `    outcome    ${reason} at node ${text(data, 'node')}, ${text(data, 'prompt_tokens')} + ${text(data, 'completion_tokens')} tokens`,
        ),
        ...line(
          data,
          'duration_ms',
          (ms) =>
            `    took       ${ms} ms${told(data, 'first_part_ms', ', first text after ', ' ms')}${told(data, 'wait_ms', ', last wait ', ' ms')}${told(data, 'said_tokens', ', ', ' tokens said')}`,
        ),
        ...endedBy(data),
        ...Object.entries(data)
          .filter(([name]) => name.startsWith('attempt_'))
          .map(([name, story]) => `    attempt ${name.slice('attempt_'.length).padEnd(2)} ${String(story as string)}`),
      ]
    case 'writer.started':
      return [head]
    default:
      return [head, source, `    ${JSON.stringify(data)}`]
  }
}

/** Where the request went: a pool here, or out of the domain. */
const placeOf = (data: Data): string[] =>
  data['leaves_domain'] === true
    ? [`    went to    feature ${text(data, 'feature')} -> gateway ${text(data, 'gateway')}, outside the domain`]
    : [
        `    went to    feature ${text(data, 'feature')} -> model ${text(data, 'model')} -> pool ${text(data, 'pool')}, lane ${text(data, 'lane')}`,
        `    because    ${text(data, 'rule')}, configuration ${text(data, 'config_version')}`,
      ]

/** A fact as text; null when the record does not have it. */
const fact = (data: Data, name: string): string | null => {
  const value = data[name]
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? `${value}` : null
}
const text = (data: Data, name: string): string => fact(data, name) ?? '?'
const told = (data: Data, name: string, before: string, after = ''): string => {
  const value = fact(data, name)
  return value === null ? '' : before + value + after
}
const line = (data: Data, name: string, of: (value: string) => string): string[] => {
  const value = fact(data, name)
  return value === null ? [] : [of(value)]
}
const endedBy = (data: Data): string[] => line(data, 'ended_by', (who) => `    ended by   ${who}`)
